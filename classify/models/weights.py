"""Files of networks, looked at before any number is taken from them.

Nothing is made of what a file says of layers: it must say the same as the network that this program
built, and hold numbers only.
"""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

#: What is in a .keras file, and how many bytes it may unpack to.
KERAS_FILE, MOST_BYTES = ("config.json", "metadata.json", "model.weights.h5"), 2**32


def save_network(model: Any, path: Path) -> None:
    """Write a network to a .keras file: equal bytes for equal networks.

    Keras writes the time, and places in memory by which it knows shared objects. Here there is no
    time, and shared objects are counted.
    """
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in KERAS_FILE}
    about = json.loads(content["metadata.json"])
    content["metadata.json"] = json.dumps(about | {"date_saved": ""}).encode()
    numbers: dict[str, int] = {}
    content["config.json"] = re.sub(
        r'(?<="shared_object_id": )\d+',
        lambda place: str(numbers.setdefault(place[0], len(numbers))),
        content["config.json"].decode(),
    ).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name in KERAS_FILE:
            archive.writestr(zipfile.ZipInfo(name), content[name])


def check_network(path: Path, model: Any, name: str) -> None:
    """Refuse a file whose layers are not those of a model, or whose weights are not all in it.

    Parameters
    ----------
    path : Path
        A .keras file.
    model : keras.Model
        What this program built.
    name : str
        What to call it.

    Raises
    ------
    ValueError
        If the file holds another network, or anything else.
    """
    check_file(path)
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))["config"]
    expected = json.loads(model.to_json())["config"]
    if unknown := sorted(set(_kinds(config)) - set(_kinds(expected))):
        raise ValueError(f"holds layers that {name} has not: {', '.join(unknown)}")
    if _kinds(config) != _kinds(expected):
        raise ValueError(f"holds other layers than {name}")


def check_file(path: Path) -> None:
    """Refuse a file that is no .keras file, or whose weights are not all in it; needs no Keras.

    Raises
    ------
    ValueError, OSError, zipfile.BadZipFile
        If it is not what `save` of a Keras model writes.
    """
    import h5py

    with zipfile.ZipFile(path) as archive:
        infos = {info.filename: info.file_size for info in archive.infolist()}
        if sorted(infos) != sorted(KERAS_FILE) or sum(infos.values()) > MOST_BYTES:
            raise ValueError(f"is no network: it holds {', '.join(map(repr, sorted(infos)))}")
        with archive.open("model.weights.h5") as weights, h5py.File(weights, "r") as opened:
            _check_inside(opened, 0)


def _kinds(config: Any) -> list[str]:
    """Name every kind of object that a network's description asks for, in order."""
    if isinstance(config, dict):
        name = [str(config["class_name"])] if "class_name" in config else []
        return name + [kind for value in config.values() for kind in _kinds(value)]
    items = config if isinstance(config, list) else []
    return [kind for value in items for kind in _kinds(value)]


def _check_inside(group: Any, depth: int) -> None:
    """Refuse an HDF5 file that points to other files, or into itself without end."""
    import h5py

    for name in group:
        item = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(item, h5py.Group) and depth < 32:
            _check_inside(item, depth + 1)
        elif not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
            raise ValueError("holds weights that lie elsewhere")
