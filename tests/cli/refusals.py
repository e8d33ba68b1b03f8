"""What a refused command looks like."""

from classify.cli.main import main


def refused(capsys, *arguments: str) -> str:
    """Run a command that must end with status 2 and one line; give the line."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    line = err.strip().splitlines()[-1]
    assert line.startswith("classify: ")
    return line
