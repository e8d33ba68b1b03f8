"""Melodies by one convolution and one LSTM that predicts the next pitch as a number.

The head that Chen and Wang's curves suggest: the mean squared error of the pitch. Songs are drawn
from a normal distribution around the prediction, whose variance is learned: the mean alone runs
into one pitch and stays there.
"""

from classify.generation.generators.conv_lstm import ConvLSTM


class ConvLSTMRegression(ConvLSTM):
    """As `ConvLSTM`, with a number in place of 128 classes."""

    TITLE = "Conv1D + LSTM, regression"
    REGRESSION = True


GENERATOR = ConvLSTMRegression
