"""The promotion log: one MLflow run for each decision. Runs are added, and never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from models.kept_promotions import keep_promotions
from models.promotions import Decision, page_html, page_markdown

EXPERIMENT = "dealodds-promotions"

_PAGE = 500
_FACTS = ("version", "previous", "decision", "decided_by", "training_run", "previous_run")


class PromotionLog:
    """Decisions kept in MLflow, readable there and by ``dealodds promotions``.

    Parameters
    ----------
    client
        MLflow's client.
    experiment
        Gives the id of the log's experiment, made when it is missing.
    kept
        File that has the whole log too, for what serves; None: nowhere.
    """

    def __init__(self, client: Any, experiment: Callable[[], str], kept: Path | None = None) -> None:
        self.client = client
        self.experiment = experiment
        self.kept = kept

    @contextmanager
    def entry(self, decision: Decision) -> Iterator[None]:
        """Write an entry, and mark it as carried out when what is done under it succeeds.

        It is written first: nothing is put in service that the log does not tell of.
        """
        at = int(decision.when.timestamp() * 1000)
        name = f"version {decision.version} {decision.decision}"
        run = self.client.create_run(self.experiment(), start_time=at, run_name=name).info.run_id
        try:
            self._fill(run, decision)
            yield
        except BaseException:
            self._end(run, "FAILED", at)
            raise
        self._end(run, "FINISHED", at)

    def _end(self, run: str, how: str, at: int) -> None:
        self.client.set_terminated(run, how, at)
        if self.kept is not None:
            keep_promotions(self.kept, self.entries())

    def _fill(self, run: str, decision: Decision) -> None:
        facts = {name: getattr(decision, name) for name in _FACTS} | {"when": decision.when.isoformat()}
        for name, value in facts.items():
            if value:
                self.client.log_param(run, name, value)
        self.client.set_tag(run, "reason", decision.reason)
        if decision.reason_zh:
            self.client.set_tag(run, "reason_zh", decision.reason_zh)
        for row in decision.checks:
            if row["figure"] is not None:
                self.client.log_metric(run, _metric(str(row["name"])), float(row["figure"]))
        self.client.log_dict(run, dict(decision.verdict), "verdict.json")
        self.client.log_text(run, page_markdown(decision), "decision.md")
        self.client.log_text(run, page_html(decision), "decision.html")
        if decision.checks:
            self.client.log_table(run, pd.DataFrame(list(decision.checks)), "checks.json")

    def entries(self) -> list[Decision]:
        """Read every entry, in the order of time."""
        runs, token = [], None
        while True:
            page = self.client.search_runs([self.experiment()], max_results=_PAGE, page_token=token)
            runs += page
            token = page.token
            if not token:
                break
        return sorted((_decision(run) for run in runs if "when" in run.data.params), key=lambda found: found.when)


def _decision(run: Any) -> Decision:
    facts = {name: run.data.params.get(name, "") for name in _FACTS}
    return Decision(
        when=pd.Timestamp(run.data.params["when"]),
        reason=run.data.tags.get("reason", ""),
        reason_zh=run.data.tags.get("reason_zh", ""),
        figures=dict(run.data.metrics),
        run=run.info.run_id,
        carried_out=run.info.status == "FINISHED",
        **facts,
    )


def _metric(name: str) -> str:
    """Name a figure as MLflow allows it: a segment may be called anything."""
    return re.sub(r"[^\w.\- ]", "_", name)[:200]
