"""The six networks are the paper's, to the parameter."""

import pytest

from classify.models import networks

NETWORKS = networks.find()

#: Chen and Wang, Figures 1 to 3 (bidirectional); the plain variants are counted by hand from the
#: LSTM's 4 * units * (inputs + units + 1).
PARAMETERS = {
    "nn1": 527_621,
    "bi-nn1": 1_374_213,
    "nn2": 1_022_789,
    "bi-nn2": 2_042_437,
    "nn3": 86_661,
    "bi-nn3": 90_053,
}


def lengths(model) -> list[int]:
    """Steps after each layer that changes their number."""
    steps = [layer.output.shape[1] for layer in model.layers if len(layer.output.shape) == 3]
    return [n for n, before in zip(steps, [None, *steps], strict=False) if n != before]


def test_the_papers_networks_are_found():
    assert set(PARAMETERS) <= set(NETWORKS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name):
    assert NETWORKS[name].build(15_000, 1, 5).count_params() == PARAMETERS[name]


@pytest.mark.parametrize("name", ["nn2", "bi-nn2", "nn3", "bi-nn3"])
def test_layer_lengths_of_the_printed_summaries(name):
    assert lengths(NETWORKS[name].build(15_000, 1, 5)) == [14993, 3748, 3741, 935, 928, 232]


def test_layers_of_the_printed_bi_nn2():
    model = NETWORKS["bi-nn2"].build(15_000, 1, 5)
    printed = [2304, 0, 1_050_624, 0, 524_416, 0, 263_168, 0, 131_136, 0, 66_048, 0, 4128, 528, 85]
    assert [layer.count_params() for layer in model.layers] == printed


@pytest.mark.parametrize("name", ["nn2", "bi-nn3"])
@pytest.mark.parametrize(("n_notes", "padding"), [(211, "valid"), (210, "same"), (8, "same")])
def test_short_windows_pad(name, n_notes, padding):
    model = NETWORKS[name].build(n_notes, 5, 3)
    convolutions = [layer for layer in model.layers if hasattr(layer, "kernel_size")]
    assert {layer.padding for layer in convolutions} == {padding}
    assert model.output_shape == (None, 3)
