"""Sessions for nox: the tests on every Python, linters, documentation, JAX, PyTorch.

Environments are made with the versions in constraints.txt, as `make` does: `nox -s tests-3.12`.
A Python that is not installed is skipped, unless nox is run with --error-on-missing-interpreters.
"""

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.reuse_existing_virtualenvs = True

#: Tests that put every network, and what trains it, to the proof.
NETWORKS = ("tests/models/networks", "tests/models/test_network_classifier.py")


def install(session: nox.Session, *extras: str) -> None:
    """Install the project with extras, in the versions that are known to work."""
    session.install("--quiet", "-c", "constraints.txt", "-e", f".[{','.join(extras)}]")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests; arguments after `--` go to pytest."""
    install(session, "dev")
    session.run("pytest", "-n", "auto", "--dist", "loadgroup", "-m", "not slow", *session.posargs)


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Check style and types."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    install(session, "docs", "app", "cluster")
    session.run(
        "python",
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        "docs",
        "docs/_build/html",
    )


def on_backend(session: nox.Session, backend: str, package: str) -> None:
    """Run the networks' battery of checks on a backend of Keras other than the default."""
    install(session, "dev")
    session.install("--quiet", package)
    session.run("pytest", "-m", "not slow", *(session.posargs or NETWORKS),
                env={"KERAS_BACKEND": backend})  # fmt: skip


@nox.session(python="3.11")
def jax(session: nox.Session) -> None:
    """Run the networks' battery of checks on JAX."""
    on_backend(session, "jax", "jax[cpu]")


@nox.session(python="3.11")
def torch(session: nox.Session) -> None:
    """Run the networks' battery of checks on PyTorch, whose wheels take some 5 GB with CUDA."""
    on_backend(session, "torch", "torch")
