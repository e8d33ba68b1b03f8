"""Why a model predicts what it does, in words and pictures.

- `profiles`: what the songs of a class are like ("calm here means: slower, softer, in major"),
- `attributions`: which notes of a song speak for its class and which against,
- `song`: both for one song, as a paragraph and as a picture (`drawing`),
- `run`: which families of features the models of a comparison rest on, as importance.csv.
"""
