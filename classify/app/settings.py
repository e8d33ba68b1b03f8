"""What was decided on the page: which model, which composer, which listener."""

from sqlalchemy import Integer, cast, select
from sqlalchemy.orm import Session

from classify.app.tables import Model, Setting


def setting(session: Session, name: str) -> str:
    """Give what was decided; empty where nothing was."""
    found = session.get(Setting, name)
    return found.value if found else ""


def decide(session: Session, name: str, value: str) -> None:
    """Note what was decided."""
    session.merge(Setting(name=name, value=value))


def used_model(session: Session, kind: str) -> Model | None:
    """Give the classifier or the generator that is used; None before there is one."""
    return _decided(session, kind)


def base_model(session: Session) -> Model | None:
    """Give the classifier that nobody's labels have changed, which adapting begins with."""
    return _decided(session, "base")


def _decided(session: Session, name: str) -> Model | None:
    decided = select(cast(Setting.value, Integer)).where(Setting.name == name).scalar_subquery()
    return session.scalar(select(Model).where(Model.id == decided))
