"""The values a bulk action is planned and reported in. Its words are templates, so that pages can translate them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from webcare.domain import Finding, Said
from webcare.store.tables import CaseRow


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one case, or why it is left out."""

    case_id: int
    version: int = 0  #: of the case, as the plan saw it
    customer: str = ""
    channel: str = ""
    excerpt: str = ""
    language: str = ""
    state: str = ""
    skill: str = ""
    assignee_id: int | None = None  #: who has it now
    assignee_name: str = ""
    left_out: Said | None = None
    remark: Said | None = None  #: worth knowing before one says yes
    added: tuple[str, ...] = ()  #: tags
    removed: tuple[str, ...] = ()
    text: str = ""  #: of the answer
    findings: tuple[Finding, ...] = ()  #: what the guard held

    @classmethod
    def of(cls, case: CaseRow, assignee_name: str) -> Step:
        """A case before anything was planned for it."""
        assert case.id is not None
        return cls(
            case.id,
            case.version,
            case.customer_name or case.customer_handle,
            case.channel,
            case.excerpt,
            case.language,
            case.state,
            case.skill,
            case.assignee_id,
            assignee_name,
        )

    def without(self, template: str, **values: object) -> Step:
        """The same, left out for this reason."""
        return replace(self, left_out=Said(template, **values))

    def with_remark(self, template: str, **values: object) -> Step:
        """The same, with something worth knowing."""
        return replace(self, remark=Said(template, **values))


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one case."""

    step: Step
    refused: Said | None = None  #: why nothing was done
    version: int | None = None  #: of the case after it
    delivery_id: int | None = None
    approval_id: int | None = None  #: the answer waits for a colleague's yes

    @property
    def done(self) -> bool:
        """Whether the case was changed."""
        return self.refused is None
