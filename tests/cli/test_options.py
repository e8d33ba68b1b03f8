"""Options are said once: every command's are those of the function and the settings behind it."""

from dataclasses import fields

import pytest
import typer

from classify import api, app
from classify.cli.main import commands
from classify.cli.options import INTERNAL, METAVARS
from classify.experiments.settings import Settings
from classify.inference.generating import ENRICHED
from classify.inference.tasks import TRAINED
from classify.models.pretraining_settings import PretrainingSettings
from classify.options import REQUIRED, options
from classify.playlists.output import Output
from classify.playlists.request import Limits, Request

GROUP = typer.main.get_command(commands())
COMMANDS = {name: one for name, one in GROUP.commands.items() if not hasattr(one, "commands")} | {
    f"{group} {name}": command
    for group, one in GROUP.commands.items()
    for name, command in getattr(one, "commands", {}).items()
}

#: For each command: the functions behind it, the settings that they take as keywords (all fields,
#: or some), and what only says how a command prints.
BEHIND = {
    "compare": ([api.compare, api.compare_corpora], {Settings: ()}, set()),
    "compare-generators": ([api.compare_generators], {}, set()),
    "report": ([api.report, api.side_by_side], {}, {"compare"}),
    "corpus show": ([api.show_corpus], {}, {"problems", "duplicates"}),
    "corpus check": ([api.check_corpus], {}, set()),
    "corpus list": ([api.list_corpora], {}, set()),
    "transcribe": ([api.transcribe], {}, set()),
    "pretrain": ([api.pretrain], {PretrainingSettings: ()}, set()),
    "train": ([api.train], {Settings: TRAINED}, set()),
    "predict": ([api.predict], {}, set()),
    "generate": ([api.generate], {}, set()),
    "space reconstruct": ([api.reconstruct], {}, set()),
    "space interpolate": ([api.interpolate], {}, set()),
    "space change": ([api.change_mood], {}, set()),
    "space slide": ([api.slide], {}, set()),
    "space mix": ([api.mix], {}, set()),
    "space answer": ([api.answer], {}, set()),
    "space map": ([api.map_songs], {}, set()),
    "enrich": ([api.enrich], {api.generate: ENRICHED}, set()),
    "adapt": ([api.adapt], {}, set()),
    "suggest": ([api.suggest], {}, set()),
    "playlist": ([api.playlists], {Request: (), Limits: (), Output: ()}, set()),
    "explain": ([api.explain, api.explain_run], {}, set()),
    "cache": ([api.cache], {}, set()),
    "doctor": ([api.doctor], {}, set()),
    "app": ([app.serve], {}, set()),
}


def behind(name: str) -> dict[str, object]:
    """Gather the options of everything behind a command."""
    functions, settings, _ = BEHIND[name]
    found = {}
    for source in functions:
        found |= options(source)
    for source, only in settings.items():
        found |= {n: o for n, o in options(source).items() if not only or n in only}
    return {n: o for n, o in found.items() if n not in INTERNAL}


def given(name: str) -> dict[str, object]:
    """Give a command's options and arguments, by the names that its function has."""
    return {p.name: p for p in COMMANDS[name].params if p.name != "help"}


def test_every_command_has_its_functions_and_all_are_in_the_interface():
    assert set(BEHIND) == set(COMMANDS)
    called = {function.__name__ for functions, *_ in BEHIND.values() for function in functions}
    assert called - {"serve"} <= set(api.__all__)


@pytest.mark.parametrize("name", BEHIND)
def test_options_are_those_of_the_functions_and_settings(name):
    beside = BEHIND[name][2]
    wanted = set(behind(name))
    # what the functions behind a command call differently, or twice
    others = {"compare": {"corpus"}, "report": {"runs"}, "pretrain": {"songs"}, "explain": {"run"}}
    wanted -= others.get(name, set())
    wanted |= {"library"} if name == "pretrain" else set()
    assert set(given(name)) == wanted | beside


@pytest.mark.parametrize("name", BEHIND)
def test_defaults_are_those_of_the_functions_and_settings(name):
    """A command passes on what was given and nothing else; what must be given must be there too."""
    known = behind(name)
    for option_name, option in given(name).items():
        if option_name in BEHIND[name][2] or option_name not in known:
            continue
        assert option.default is None, option_name
        if option.param_type_name == "option":
            assert option.required == (known[option_name].default is REQUIRED), option_name


@pytest.mark.parametrize("source", [Settings, PretrainingSettings, Request, Limits, Output])
def test_every_field_says_what_it_is(source):
    said = options(source)
    assert list(said) == [field.name for field in fields(source)]
    for option in said.values():
        assert len(option.help) > 10 and "`" not in option.help


@pytest.mark.parametrize("name", BEHIND)
def test_every_option_says_what_it_is(name):
    for option in COMMANDS[name].params:
        assert option.help, option.name


def test_help_says_the_default():
    window, seed = given("compare")["folds"], given("compare")["seed"]
    assert window.help.endswith("(default: 1)") and seed.help.endswith("(default: 0)")
    assert given("playlist")["tempo_change"].help.endswith("(default: 15)")
    assert Limits().tempo_change == 0.15


def test_no_name_of_values_is_left_over():
    used = {name for command in COMMANDS for name in given(command)}
    assert set(METAVARS) <= used


def test_options_before_have_not_changed_their_names():
    flags = {name: {f for p in command.params for f in p.opts if f.startswith("-")}
             for name, command in COMMANDS.items()}  # fmt: skip
    assert flags["train"] >= {"--from", "--model", "--out", "--window", "--hop", "--channels",
                              "--recipe", "--epochs", "--seed", "--quick", "--init", "--folds",
                              "--jobs", "--force"}  # fmt: skip
    assert flags["playlist"] >= {
        "--mood", "--minutes", "--from", "--strategy", "--lists", "--seed", "--min-confidence",
        "--tempo", "--loudness", "--tempo-change", "--loudness-change", "--no-repeat-artist",
        "--artist-folder", "--pin", "--veto", "--moods", "--out", "--format", "--picture",
        "--absolute", "--media-root", "--ext"}  # fmt: skip
    assert flags["explain"] >= {"--of", "--class", "--out"} and "-n" in flags["suggest"]
    secondary = {f for p in COMMANDS["compare"].params for f in p.secondary_opts}
    assert secondary == {"--no-augment"}
