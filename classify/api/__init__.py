"""All that the toolkit does, as functions: notebooks, scripts and the command line call these.

    from classify import compare, load_run

    run = compare("songs", folds=5, models="baselines")
    run.table()          # models by scores, with intervals
    run.differences()    # the best model against each other one
    run.songs("svm")     # predictions song by song, the most confidently wrong first

    model = train("songs", "models/mine")
    moods = predict(model, "library")
    playlist(moods, "Calming", "evening.m3u8", start="Sports", minutes=30)

Each function is behind a command, with the same options, defaults and refusals; the command line
reads their help texts here (`classify.options`). What takes long is imported when it is needed.
"""

from classify.api.comparisons import (
    compare,
    compare_corpora,
    compare_generators,
    doctor,
    load_run,
    pretrain,
    report,
    side_by_side,
)
from classify.api.corpora import cache, check_corpus, list_corpora, show_corpus, transcribe
from classify.api.playlist_files import playlist, playlists
from classify.inference.generating import (
    bars_of,
    enrich,
    export_made_song,
    generate,
    has_sound,
    list_generators,
    loaded_generator,
    make_song,
    read_made_song,
)
from classify.inference.libraries import (
    about_model,
    built_in,
    explain_song,
    most_bytes,
    nearest,
    predict_in_blocks,
    read_library,
    read_song,
    songs_to_label,
    statistics_of,
    warn_of_library,
)
from classify.inference.places import map_library, read_map
from classify.inference.spaces import (
    answer,
    change_mood,
    interpolate,
    map_songs,
    mix,
    reconstruct,
    slide,
)
from classify.inference.tasks import (
    adapt,
    explain,
    explain_run,
    is_run,
    loaded,
    predict,
    suggest,
    train,
)
from classify.playlists.editing import (
    arrange_playlist,
    build_playlists,
    describe_playlist,
    export_playlist,
)

__all__ = [
    "about_model", "adapt", "answer", "arrange_playlist", "bars_of", "build_playlists", "built_in",
    "cache", "change_mood", "check_corpus", "compare", "compare_corpora", "compare_generators",
    "describe_playlist", "doctor", "enrich", "explain", "explain_run", "explain_song",
    "export_made_song", "export_playlist", "generate", "has_sound", "interpolate", "is_run",
    "list_corpora", "list_generators", "load_run", "loaded", "loaded_generator", "make_song",
    "map_library", "map_songs", "mix", "most_bytes", "nearest", "playlist", "playlists", "predict",
    "predict_in_blocks", "pretrain", "read_library", "read_made_song", "read_map", "read_song",
    "reconstruct", "report", "show_corpus", "side_by_side", "slide", "songs_to_label",
    "statistics_of", "suggest", "train", "transcribe", "warn_of_library",
]  # fmt: skip
