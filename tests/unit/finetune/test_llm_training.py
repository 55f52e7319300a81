"""Fine-tuning a language model, whole, on a tiny random one: only the assistant's words are learnt, and a stopped run goes on unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import PeftModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from typer.testing import CliRunner

from finetune.cli import train as commands
from finetune.llm.data import Lesson
from finetune.llm.encode import IGNORED, Encoded, encode
from finetune.llm.options import Options, split
from finetune.llm.templates import PROBE, PROBE_TOOLS, BadTemplate, choose, families, show
from finetune.llm.train import BadBase, OtherRun, train

MARKS = ["<s>", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>"]
CITIES = {"rabat": "الرباط", "casablanca": "كازا", "fes": "فاس", "agadir": "أكادير"}


def a_lesson(number: int) -> Lesson:
    """A person asks for a town's prices; the assistant looks them up and answers."""
    city, name = list(CITIES.items())[number % len(CITIES)]
    call = {"id": "c1", "type": "function", "function": {"name": "probe_tool", "arguments": {"city": city}}}
    return Lesson(
        f"store:{number}.1",
        (
            {"role": "system", "content": "Bricol."},
            {"role": "user", "content": f"bch7al f {city}?"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "name": "probe_tool", "content": '{"ok": true, "likely_mad": 300}'},
            {"role": "assistant", "content": f"300 dh f {name}."},
        ),
        tuple(PROBE_TOOLS),
    )


LESSONS = [a_lesson(n) for n in range(12)]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of a model so small only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    texts = [str(m["content"]) for lesson in LESSONS for m in lesson.messages] + [json.dumps(PROBE_TOOLS)]
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=MARKS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    inner.train_from_iterator(texts * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="<|im_end|>", pad_token="<s>")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A two-layer model with random weights, saved as any base would be: spread wide, since its embeddings and its head are not trained."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=2048, tie_word_embeddings=False, bos_token_id=0, eos_token_id=tokenizer.eos_token_id, initializer_range=0.25,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def options(base: Path, out: Path, **changes: Any) -> Options:
    values = {"template": "chatml", "epochs": 6.0, "rate": 2e-2, "batch": 4, "rank": 8, "alpha": 16, "held_out": 0.2, "save_every": 3, "dropout": 0.1}
    return Options(str(base), out, **{**values, **changes})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, base: Path) -> tuple[Options, Any]:
    chosen = options(base, tmp_path_factory.mktemp("trained"))
    return chosen, train(chosen, LESSONS)


# --- from lesson to tokens --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", families())
def test_exactly_the_assistants_words_and_their_end_are_learnt(tokenizer: Any, name: str) -> None:
    family = families()[name]
    found = encode(Lesson("x", tuple(PROBE), tuple(PROBE_TOOLS)), tokenizer, family, 4096)
    assert found is not None
    learnt = tokenizer.decode([t for t, label in zip(found.ids, found.labels, strict=True) if label != IGNORED])
    call = '<tool_call>\n{"name": "probe_tool", "arguments": {"a": "arg-word"}}\n</tool_call>'
    assert learnt == f"{call}{family.end}answer-word{family.end}"
    assert all(label in (IGNORED, token) for token, label in zip(found.ids, found.labels, strict=True))


@pytest.mark.parametrize("name", families())
def test_a_template_shows_everything_and_begins_the_answer_where_it_is_learnt(tokenizer: Any, name: str) -> None:
    family = families()[name]
    full = show(tokenizer, family, PROBE, PROBE_TOOLS)
    for word in ("manual-word", "asked-word", "arg-word", "listing-word", "result-word", "answer-word"):
        assert full.count(word) == 1, word
    for n in (2, 4):
        assert full.startswith(show(tokenizer, family, PROBE[:n], PROBE_TOOLS, answer_next=True))


@pytest.mark.parametrize("name", families())
def test_a_call_without_words_is_shown_alike_however_a_server_writes_it(tokenizer: Any, name: str) -> None:
    """Clients send null for no words, and arguments as text."""
    [call] = PROBE[2]["tool_calls"]
    function = {**call["function"], "arguments": json.dumps(call["function"]["arguments"])}
    sent = [*PROBE[:2], {**PROBE[2], "content": None, "tool_calls": [{**call, "function": function}]}, *PROBE[3:]]
    assert show(tokenizer, families()[name], sent, PROBE_TOOLS) == show(tokenizer, families()[name], PROBE, PROBE_TOOLS)


words = st.text(st.characters(codec="utf-8", exclude_characters="<>", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@settings(max_examples=40)
@given(st.lists(st.tuples(words, words, st.booleans()), min_size=1, max_size=5), st.sampled_from(["chatml", "llama3", "gemma"]))
def test_whatever_is_said_only_weighted_answers_are_learnt(tokenizer: Any, talk: list[tuple[str, str, bool]], name: str) -> None:
    family = families()[name]
    messages: list[dict[str, Any]] = []
    for asked, answered, taught in talk:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered, "weight": int(taught)}]
    found = encode(Lesson("x", tuple(messages)), tokenizer, family, 10_000)
    expected = "".join(answered + family.end for _, answered, taught in talk if taught)
    learnt = "" if found is None else tokenizer.decode([t for t, label in zip(found.ids, found.labels, strict=True) if label != IGNORED])
    assert learnt == expected


def test_a_long_lesson_loses_its_oldest_exchanges_and_keeps_the_manual(tokenizer: Any) -> None:
    family = families()["chatml"]
    talk = [m for n in range(20) for m in ({"role": "user", "content": f"question {n}"}, {"role": "assistant", "content": f"answer {n}"})]
    long = Lesson("x", ({"role": "system", "content": "manual-word"}, *talk))
    whole = encode(long, tokenizer, family, 10_000)
    assert whole is not None
    cut = encode(long, tokenizer, family, len(whole.ids) // 2)
    assert cut is not None and len(cut.ids) <= len(whole.ids) // 2
    text = tokenizer.decode(cut.ids)
    assert "manual-word" in text and "answer 19" in text and "question 0<" not in text
    assert encode(long, tokenizer, family, 10) is None


def test_the_tokenizers_own_template_is_taken_only_where_it_can_teach_tools(tokenizer: Any, base: Path) -> None:
    own = AutoTokenizer.from_pretrained(base)
    assert choose(own, "llama").name == "llama3"
    own.chat_template = families()["chatml"].template
    assert choose(own, "llama").name == "tokenizer"
    own.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    assert choose(own, "llama").name == "llama3"
    with pytest.raises(BadTemplate, match="leaves out"):
        choose(own, "llama", "tokenizer")


def test_a_template_that_does_not_fit_says_which_may(tokenizer: Any) -> None:
    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel()
    plain.train_from_iterator(["a"], trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    bare = PreTrainedTokenizerFast(tokenizer_object=plain)
    with pytest.raises(BadTemplate, match="not as one token; try --template"):
        choose(bare, "qwen2")
    with pytest.raises(BadTemplate, match="no template for models of type 'mamba'"):
        choose(bare, "mamba")
    with pytest.raises(BadTemplate, match="unknown template 'x'; one of auto, tokenizer, chatml"):
        choose(tokenizer, "llama", "x")


# --- training ---------------------------------------------------------------------------------------------------------


def test_the_loss_goes_down_on_what_is_learnt_and_on_what_is_held_back(trained: tuple[Options, Any]) -> None:
    _, run = trained
    assert run.losses[-1] < 0.5 * run.losses[0]
    assert run.held_out and run.held_out_after < 0.5 * run.held_out_before
    assert run.too_long == 0 and run.lessons + run.held_out == len(LESSONS)


def test_adapter_and_merged_model_are_saved_and_say_the_same(trained: tuple[Options, Any], base: Path, tokenizer: Any) -> None:
    chosen, _ = trained
    merged = AutoModelForCausalLM.from_pretrained(chosen.out / "merged")
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), chosen.out / "adapter")
    plain = AutoModelForCausalLM.from_pretrained(base)
    ids = torch.tensor([tokenizer("bch7al f rabat?")["input_ids"]])
    with torch.no_grad():
        one, two, before = (m.eval()(ids).logits for m in (merged, adapted, plain))
    assert torch.allclose(one, two, atol=1e-3)
    assert not torch.allclose(one, before, atol=1e-2)


def test_the_merged_model_calls_the_tool_and_stops(trained: tuple[Options, Any]) -> None:
    chosen, _ = trained
    model, tokenizer = AutoModelForCausalLM.from_pretrained(chosen.out / "merged"), AutoTokenizer.from_pretrained(chosen.out / "merged")
    asked = list(LESSONS[0].messages[:2])
    prompt = tokenizer.apply_chat_template(asked, tools=list(PROBE_TOOLS), add_generation_prompt=True, return_tensors="pt", return_dict=True)
    made = model.generate(**prompt, max_new_tokens=120, do_sample=False)[0][prompt["input_ids"].shape[1] :]
    said = tokenizer.decode(made)
    assert said.endswith("<|im_end|>"), said
    assert json.loads(said.split("<tool_call>\n")[1].split("\n</tool_call>")[0])["name"] == "probe_tool"


def test_the_card_holds_measured_figures_and_how_to_play_scenarios(trained: tuple[Options, Any]) -> None:
    chosen, run = trained
    text = (chosen.out / "README.md").read_text(encoding="utf-8")
    assert f"{run.held_out_before:.4f} before, {run.held_out_after:.4f} after" in text
    assert "bricol eval run" in text and "--tool-call-parser hermes" in text
    assert json.loads(text.split("```json\n")[1].split("```")[0])["lessons"] == run.lessons


def test_a_run_stopped_in_the_middle_goes_on_as_if_it_had_not_been(trained: tuple[Options, Any], base: Path, tmp_path: Path) -> None:
    _, whole = trained
    chosen = options(base, tmp_path)
    assert train(chosen, LESSONS, stop_after=7) is None
    assert (tmp_path / "state" / "run.json").exists()
    seen: list[int] = []
    again = train(chosen, LESSONS, progress=lambda step, steps, loss: seen.append(step))
    assert seen[0] == 7, "step 6 was the last one kept"
    assert again is not None and again.losses == pytest.approx(whole.losses, abs=1e-4)
    assert not (tmp_path / "state").exists()


def test_a_stopped_run_of_other_data_is_not_taken_up(base: Path, tmp_path: Path) -> None:
    assert train(options(base, tmp_path), LESSONS, stop_after=4) is None
    with pytest.raises(OtherRun, match="give another --out"):
        train(options(base, tmp_path), LESSONS[:-1])


def test_a_base_that_does_not_fit_is_refused_with_the_cure(base: Path, tmp_path: Path) -> None:
    with pytest.raises(BadBase, match="no lesson fits in 20 tokens; raise --tokens"):
        train(options(base, tmp_path, most_tokens=20), LESSONS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadBase, match="in the transformers format"):
        train(options(tmp_path / "empty", tmp_path), LESSONS)


def test_the_command_trains_from_a_file(base: Path, tmp_path: Path) -> None:
    data = tmp_path / "lessons.jsonl"
    data.write_text("\n".join(json.dumps({"id": x.id, "messages": x.messages, "tools": x.tools}) for x in LESSONS[:4]))
    told = ["--data", str(data), "--base", str(base), "--out", str(tmp_path / "out"), "--epochs", "1", "--rank", "4"]
    answer = CliRunner().invoke(commands, ["llm", *told])
    assert answer.exit_code == 0, answer.output
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"adapter", "merged", "README.md"}
    wrong = CliRunner().invoke(commands, ["llm", *told[:2], "--base", str(tmp_path / "nothing"), "--out", str(tmp_path / "o2")])
    assert wrong.exit_code == 2 and "Traceback" not in wrong.output and "give a folder" in wrong.output


@given(st.sets(st.integers(0, 5000), max_size=60), st.floats(0, 0.9))
def test_a_lesson_stays_held_back_or_learnt_when_others_come(others: set[int], share: float) -> None:
    first = [Encoded(f"store:{n}.1", (1, 2), (IGNORED, 2)) for n in range(9000, 9100)]
    more = first + [Encoded(f"store:{n}.1", (1, 2), (IGNORED, 2)) for n in sorted(others)]
    learnt, held = split(more, share)
    assert {x.id for x in held} & {x.id for x in first} == {x.id for x in split(first, share)[1]}
    assert len(learnt) + len(held) == len(more) and learnt


def test_a_single_lesson_is_learnt_whatever_its_hash() -> None:
    one = [Encoded("store:1.1", (1, 2), (IGNORED, 2))]
    assert split(one, 1.0) == (one, [])
