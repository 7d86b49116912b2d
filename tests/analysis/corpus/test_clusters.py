"""Clusters: what was planted is found, what is one cloud stays one, and stability says which it is."""

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.clusters import prompt_clusters, session_clusters
from agentobs.analysis.clusters_plot import cluster_choices, cluster_map
from agentobs.analysis.features import FEATURES
from agentobs.errors import FrameError

NAMES = ("failed_share", "read_share", "edit_share")


def features(values: np.ndarray) -> pd.DataFrame:
    made = pd.DataFrame({name: pd.Series(pd.NA, index=range(len(values)), dtype="Float64") for name in FEATURES})
    for place, name in enumerate(NAMES):
        made[name] = values[:, place]
    return made.assign(session_id=[f"s{n}" for n in range(len(values))])


@pytest.fixture(scope="module")
def planted():
    random = np.random.default_rng(1)
    centres = np.repeat([[0.1, 0.1, 0.5], [0.8, 0.2, 0.1], [0.2, 0.8, 0.9]], [24, 20, 16], axis=0)
    return features(centres + random.normal(0, 0.03, centres.shape))


def test_planted_groups_are_found_largest_first(planted):
    found = session_clusters(planted, resamples=5, most=5)
    assert found.clusters["sessions"].tolist() == [24, 20, 16]
    assert found.members["cluster"].tolist() == [0] * 24 + [1] * 20 + [2] * 16
    assert found.choices.set_index("k").loc[3, "stability"] > 0.95
    assert found.choices.loc[found.choices["chosen"], "k"].tolist() == [3]
    assert "failed_share +" in found.clusters["name"][1]
    assert set(found.members.loc[found.members["medoid"], "session_id"]) == set(found.clusters["medoid"])
    assert found.members["density_cluster"].nunique() == 3


def test_one_cloud_is_one_cluster():
    random = np.random.default_rng(2)
    found = session_clusters(features(random.normal(0.5, 0.1, (80, 3))), names=NAMES, resamples=5, most=4)
    unsteady = found.choices["silhouette"].max() < 0.35
    assert unsteady
    strict = session_clusters(features(random.normal(0.5, 0.1, (80, 3))), names=NAMES, resamples=5, most=4, clear=0.4)
    assert strict.clusters["sessions"].tolist() == [80]
    assert not strict.choices["chosen"].any()


def test_clusters_are_the_same_every_time(planted):
    first, again = (session_clusters(planted, resamples=3, most=3) for _ in range(2))
    pd.testing.assert_frame_equal(first.members, again.members)


def test_too_few_or_equal_sessions_are_refused():
    with pytest.raises(FrameError, match="too few"):
        session_clusters(features(np.random.default_rng(0).random((5, 3))))
    with pytest.raises(FrameError, match="no feature differs"):
        session_clusters(features(np.ones((20, 3))))


def test_prompts_about_two_things_are_two_clusters_named_by_their_words():
    dashboard = [
        f"add {colour} chart legend to the dashboard page axis" for colour in ("red", "green", "blue", "grey") * 3
    ]
    database = [
        f"migrate the {table} table index of the postgres database schema"
        for table in ("user", "order", "item", "tax") * 3
    ]
    told = pd.DataFrame({"session_id": [f"s{n}" for n in range(24)], "text": dashboard + database})
    found = prompt_clusters(told, most=3, resamples=5)
    own = found.members.set_index("session_id")["cluster"]
    assert own.iloc[:12].nunique() == 1
    assert own.iloc[12:].nunique() == 1
    assert own.iloc[0] != own.iloc[12]
    names = found.clusters.set_index("cluster")["name"]
    assert set(names[own.iloc[0]].split(", ")) <= {"add", "chart", "legend", "dashboard", "page", "axis"}


def test_prompts_without_words_are_left_out():
    with pytest.raises(FrameError, match="0 prompts with words"):
        prompt_clusters(pd.DataFrame({"session_id": ["a", "b"], "text": ["12 34", None]}))


def test_figures_show_sessions_and_choices(planted):
    found = session_clusters(planted, resamples=3, most=4)
    made = cluster_map(found, planted)
    assert [len(trace.x) for trace in made.data] == [24, 20, 16]
    assert made.data[0].name.startswith("24: ")
    choices = cluster_choices(found.choices)
    assert list(choices.data[0].x) == [2, 3, 4]
    assert choices.layout.title.subtitle.text == "3 clusters"
