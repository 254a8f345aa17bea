"""The catalogue: every rule that texts are checked by, in the order of their ids' families."""

from __future__ import annotations

from typing import Final

from transom_runtime.policy.sanitize.command_rules import COMMAND_RULES
from transom_runtime.policy.sanitize.control_rules import CONTROL_RULES
from transom_runtime.policy.sanitize.rule import Rule
from transom_runtime.policy.sanitize.script_rules import SCRIPT_RULES
from transom_runtime.policy.sanitize.shape_rules import IDENTIFIER_RULES, PATH_RULES
from transom_runtime.policy.sanitize.sql_rules import SQL_RULES
from transom_runtime.policy.sanitize.traversal_rules import TRAVERSAL_RULES

INJECTION_RULES: Final[tuple[Rule, ...]] = (*SCRIPT_RULES, *SQL_RULES, *COMMAND_RULES, *TRAVERSAL_RULES)
"""What prose is looked over for. Guesses, all of them: they report unless the operator says block."""

RULES: Final[tuple[Rule, ...]] = (*CONTROL_RULES, *IDENTIFIER_RULES, *PATH_RULES, *INJECTION_RULES)
