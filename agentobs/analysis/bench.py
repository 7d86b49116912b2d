"""How good detectors are: what they find, against what is known to be there; and what people say of their findings."""

import pandas as pd

from agentobs.frames import require

PRECISION, RECALL = 0.95, 0.90
_LOW = ("low", "medium", "high", "critical")
_LABELS = ["session_id", "detector", "expected", "offsets"]


def verdicts(labels: pd.DataFrame, findings: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """What came of each label.

    Parameters
    ----------
    labels : one row per labelled session: session_id, detector (<NA>: a plain good session), expected (whether the
        detector should find something there) and offsets (list of int: where the planted records stand in the
        session's file, in bytes)
    findings : frame of FINDINGS of these sessions
    events : frame of EVENTS of these sessions

    Returns
    -------
    One row per label and detector; a plain session has one for each detector that says something of it:

    ==========  =======  ==================================================================================
    session_id  str
    detector    str
    kind        str      planted | near_miss | plain
    right       boolean  planted: a finding touches a planted record; near_miss: no finding at all; plain: no
                         finding of severity low or more
    findings    Int64    findings of this detector in this session
    touching    Int64    of them, how many name a planted record; <NA>: nothing was planted
    ==========  =======  ==================================================================================
    """
    require(labels, _LABELS, "labels")
    require(findings, ["session_id", "detector", "severity", "event_ids"], "findings")
    require(events, ["event_id", "source_offset"], "events")
    offset = dict(zip(events["event_id"].tolist(), events["source_offset"].tolist(), strict=True))
    seen: dict[tuple[str, str], list[tuple[str, set[int]]]] = {}
    columns = (findings[name].tolist() for name in ("session_id", "detector", "severity", "event_ids"))
    for session, detector, severity, ids in zip(*columns, strict=True):
        places = {offset[each] for each in ids if each in offset}
        seen.setdefault((session, detector), []).append((severity, places))
    rows = []
    for session, detector, expected, planted in zip(*(labels[name].tolist() for name in _LABELS), strict=True):
        if pd.isna(detector):
            loud = {
                name: [severity for severity, _ in found if severity in _LOW]
                for (owner, name), found in seen.items()
                if owner == session
            }
            rows += [(session, name, "plain", False, len(found), None) for name, found in loud.items() if found]
            continue
        found = seen.get((session, detector), [])
        touching = sum(bool(places & set(planted)) for _, places in found)
        if expected:
            rows.append((session, detector, "planted", touching > 0, len(found), touching))
        else:
            rows.append((session, detector, "near_miss", not found, len(found), None))
    names = ["session_id", "detector", "kind", "right", "findings", "touching"]
    made = pd.DataFrame(rows, columns=pd.Index(names))
    kinds = {"session_id": "str", "detector": "str", "kind": "str", "right": "boolean"}
    return made.astype({**kinds, "findings": "Int64", "touching": "Int64"})


def quality(verdicts: pd.DataFrame, plain_sessions: int) -> pd.DataFrame:
    """Precision and recall of each detector over labelled sessions.

    Parameters
    ----------
    verdicts : what `verdicts` returned
    plain_sessions : how many plain good sessions were looked at

    Returns
    -------
    One row per detector with labels, by name. Intervals are Wilson's at 95 %; shares are of sessions, not findings:

    ==============  =======  ==========================================================================
    detector        str
    planted         Int64    sessions in which the pattern was planted
    found           Int64    of them, how many have a finding on a planted record
    near_misses     Int64    sessions just outside the definition
    false_alarms    Int64    of them, how many have a finding
    plain_sessions  Int64    plain good sessions
    plain_alarms    Int64    of them, how many have a finding of severity low or more
    precision       Float64  found / (found + false_alarms + plain_alarms); <NA>: nothing was said
    precision_low   Float64
    precision_high  Float64
    recall          Float64  found / planted; <NA>: nothing was planted
    recall_low      Float64
    recall_high     Float64
    weak            boolean  precision under 0.95 or recall under 0.90, or unknown
    ==============  =======  ==========================================================================
    """
    rows = []
    labelled = verdicts[verdicts["kind"] != "plain"]
    for name in sorted(labelled["detector"].unique()):
        own = verdicts[verdicts["detector"] == name]
        planted, missed = own.loc[own["kind"] == "planted", "right"], own.loc[own["kind"] == "near_miss", "right"]
        found, alarms, plain = int(planted.sum()), int((~missed).sum()), int((own["kind"] == "plain").sum())
        counts = (name, len(planted), found, len(missed), alarms, plain_sessions, plain)
        rows.append((*counts, *_share(found, found + alarms + plain), *_share(found, len(planted))))
    names = "detector planted found near_misses false_alarms plain_sessions plain_alarms precision precision_low"
    names += " precision_high recall recall_low recall_high"
    made = pd.DataFrame(rows, columns=pd.Index(names.split()))
    kinds = dict.fromkeys(names.split()[1:7], "Int64") | dict.fromkeys(names.split()[7:], "Float64")
    made = made.astype({"detector": "str", **kinds})
    good = (made["precision"] >= PRECISION) & (made["recall"] >= RECALL)
    return made.assign(weak=~good.fillna(value=False))


def agreement(annotations: pd.DataFrame) -> pd.DataFrame:
    """How many of each detector's findings people agree with.

    Parameters
    ----------
    annotations : frame of ANNOTATIONS; of one author on one finding the last counts

    Returns
    -------
    One row per detector that somebody voted on, by name:

    ==============  =======  =======================================================
    detector        str
    votes           Int64
    agreed          Int64
    precision       Float64  agreed / votes, with its Wilson interval at 95 %
    precision_low   Float64
    precision_high  Float64
    ==============  =======  =======================================================
    """
    require(annotations, ["annotation_id", "finding_id", "detector", "agreed", "author"], "annotations")
    votes = annotations[annotations["agreed"].notna() & annotations["detector"].notna()]
    votes = votes.sort_values("annotation_id").drop_duplicates(["finding_id", "author"], keep="last")
    rows = []
    for name, own in votes.groupby("detector", sort=True):
        agreed = int(own["agreed"].sum())
        rows.append((name, len(own), agreed, *_share(agreed, len(own))))
    names = ["detector", "votes", "agreed", "precision", "precision_low", "precision_high"]
    made = pd.DataFrame(rows, columns=pd.Index(names))
    kinds = dict.fromkeys(names[1:3], "Int64") | dict.fromkeys(names[3:], "Float64")
    return made.astype({"detector": "str", **kinds})


def _share(count: int, total: int) -> tuple[float | None, float | None, float | None]:
    """A share and its Wilson interval at 95 %; unknown where there is nothing to share."""
    if not total:
        return None, None, None
    from scipy.stats import binomtest

    span = binomtest(count, total).proportion_ci(confidence_level=0.95, method="wilson")
    return count / total, float(span.low), float(span.high)
