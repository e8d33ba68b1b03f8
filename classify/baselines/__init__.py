"""The folder `baselines` of a checkout, as a package of the toolkit.

An installed toolkit has the folder itself in this place (`package_dir` in setup.cfg), so no package
of its name lies at the top, where another project's could be.
"""

from pathlib import Path

__path__ = [str(Path(__file__).parents[2] / "baselines")]
