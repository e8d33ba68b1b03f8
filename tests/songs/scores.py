"""Small scores, written for the tests."""

ABC = """X:1
T:A reel
M:4/4
L:1/8
Q:1/4=100
K:D
|:"D"d2fd Adfd|"G"g2bg (3efg ed|d2fd Adfd|1 "A"efge c2A2:|2 "A"efge d4|]

X:2
T:A waltz
M:3/4
L:1/4
K:G
D|G2 B|A2 F|G3-|G2:|
"""

KERN = """**kern\t**kern
*M3/4\t*M3/4
*MM90\t*MM90
=1\t=1
4C\t4e
4E\t8g
.\t8a
4G\t4b-
=2\t=2
2.C\t2.cc
==\t==
*-\t*-
"""

MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0"><work><work-title>Two bars</work-title></work>
<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>2</divisions>
<key><fifths>1</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>
<direction><sound tempo="96"/></direction>
<note><pitch><step>G</step><octave>4</octave></pitch><duration>2</duration><type>quarter</type></note>
<note><pitch><step>F</step><alter>1</alter><octave>5</octave></pitch><duration>4</duration></note>
<note><chord/><pitch><step>D</step><octave>5</octave></pitch><duration>4</duration></note>
<note><rest/><duration>2</duration></note></measure>
<measure number="2"><note><pitch><step>G</step><octave>4</octave></pitch><duration>8</duration>
<type>whole</type></note><barline location="right"><repeat direction="backward"/></barline>
</measure></part></score-partwise>
"""
