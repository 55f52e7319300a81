"""Which jobs ask for a special skill, who can stand in and with what loss, and mistakes in the files are told with line and cure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import (
    LOCALES,
    SERVICES,
    get_node,
    get_skill,
    nearest_skill,
    node_for,
    parts_for,
    prerequisites,
    services,
    skills,
    skills_for,
)
from domain.catalog.checked import mistakes
from domain.catalog.taxonomy import FOLDER
from domain.errors import DomainError

SKILLS = sorted(skills())
NODES = [node for service in services().values() for node in service.nodes.values()]


def test_the_shipped_files_have_no_mistake_and_every_trade_has_skills() -> None:
    assert mistakes() == []
    assert {skill.service for skill in skills().values()} == set(SERVICES)


@pytest.mark.parametrize(
    "issue",
    ["tiyo d n7as kaysil", "التيو ديال النحاس كيسيل", "un tuyau en cuivre fuit", "أنبوب نحاس يسرب الماء", "the copper pipe leaks"],
)
def test_copper_is_heard_in_every_language_and_script(issue: str) -> None:
    assert [skill.id for skill in skills_for(node_for("plumbing", issue).id, issue)] == ["plumbing.copper_pipe"]


def test_a_fault_asks_for_its_skill_whatever_the_words_and_a_dripping_tap_for_none() -> None:
    assert [skill.id for skill in skills_for("plumbing.leak_hidden")] == ["plumbing.leak_finding"]
    assert skills_for("plumbing.tap_leak", "robini kay9tter") == () == skills_for("plumbing.general")


def test_a_general_plumber_does_a_copper_specialists_work_with_a_loss() -> None:
    own = nearest_skill("plumbing.copper_pipe", ["plumbing", "plumbing.copper_pipe"])
    general = nearest_skill("plumbing.copper_pipe", ["plumbing", "hvac.refrigerant"])
    assert own is not None and (own.held, own.kept) == ("plumbing.copper_pipe", 1.0)
    assert general is not None and (general.held, general.kept) == ("plumbing", get_skill("plumbing.copper_pipe").general)
    assert nearest_skill("plumbing.copper_pipe", ["gardening", "gardening.tree_climbing"]) is None


@given(st.sampled_from(SKILLS), st.sets(st.sampled_from([*SKILLS, *SERVICES]), max_size=6), st.sampled_from([*SKILLS, *SERVICES]))
def test_whoever_can_do_more_stands_in_at_least_as_well(required: str, held: set[str], more: str) -> None:
    before, after = nearest_skill(required, held), nearest_skill(required, {*held, more})
    assert (before.kept if before else 0.0) <= (after.kept if after else 0.0) <= 1.0
    assert after is None or after.held in {*held, more}
    assert (after is not None and after.kept == 1.0) == (required in {*held, more})


@given(st.sampled_from(SKILLS))
def test_what_one_learns_before_comes_first_and_never_leads_back(skill: str) -> None:
    needed = prerequisites(skill)
    assert skill not in needed and len(set(needed)) == len(needed)
    assert all(set(prerequisites(one)) <= set(needed[:place]) for place, one in enumerate(needed))


def test_parts_come_with_what_they_cost() -> None:
    siphon, joint = parts_for("plumbing.sink_leak")
    assert siphon.name == "siphon" and 0 < siphon.min_mad < siphon.max_mad and joint.name == "joint"
    assert parts_for("plumbing.general") == ()
    assert all(len(parts_for(node.id)) == len(node.parts) for node in NODES)


def test_every_skill_has_a_name_for_everybody_and_its_faults_exist() -> None:
    for skill in skills().values():
        assert set(skill.names) == set(LOCALES) and all(skill.names.values())
        assert all(get_node(node).service == skill.service for node in skill.nodes)


def test_an_unknown_skill_is_refused_with_those_of_its_trade() -> None:
    with pytest.raises(DomainError) as caught:
        get_skill("plumbing.alchemy")
    assert "plumbing.copper_pipe" in caught.value.detail["suggestions"]


@pytest.mark.parametrize(
    ("good", "bad", "cure"),
    [
        ("for: [leak_hidden]", "for: [leak_hiden]", "no fault 'leak_hiden' in plumbing; one of tap_leak"),
        ("water_heater.gas_connection: 0.6,", "water_heater.gaz: 0.6,", "no skill 'water_heater.gaz'; write it as <service>.<skill>"),
        ("general: 0.7\n  near: {water", "general: 70\n  near: {water", "between 0 and 1"),
        ("siphon: [40, 150]", "siphon: [150, 40]", "write [low, high] in MAD"),
        ("  flexible: [30, 100]\n", "", "no price for 'flexible'; add it to parts_mad"),
        ("tuyauterie en cuivre, أنابيب النحاس", "أنابيب النحاس, tuyauterie en cuivre", "is not in the letters of fr"),
        ("general: 0.75\n", "general: [0.75\n", "mend this line"),
        ("general: 0.75\n", "general: 0.75\n  needs: [drain_machine]\n", "needs itself in the end; break the circle"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_cure(tmp_path: Path, good: str, bad: str, cure: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "taxonomy")
    path = tmp_path / "taxonomy" / "plumbing.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(good) == 1
    path.write_text(text.replace(good, bad), encoding="utf-8")
    found = [line for line in mistakes(tmp_path / "taxonomy") if cure in line]
    assert found and found[0].startswith(f"{path}:")
    said = int(found[0].removeprefix(f"{path}:").partition(":")[0])
    wrong = [
        number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if bad.split("\n")[0] and bad.split("\n")[0] in line
    ]
    assert not wrong or min(abs(said - number) for number in wrong) <= 4
