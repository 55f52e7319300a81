"""A Whisper with random weights in CTranslate2's form: everything of a real one but sense."""

from __future__ import annotations

from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizerFast
from transformers.models.whisper.tokenization_whisper import LANGUAGES

WORDS = 50_257  # of the multilingual vocabulary, before its marks
MARKS = [
    "<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in list(LANGUAGES)[:99]), "<|translate|>", "<|transcribe|>",
    "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", *(f"<|{n * 0.02:.2f}|>" for n in range(1501)),
]  # fmt: skip


def random_model(folder: Path) -> Path:
    """The folder a voice model is configured with: model.bin, config.json, tokenizer.json."""
    source, out = folder / "source", folder / "model"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: n for n, letter in enumerate(alphabet)} | {f"w{n}": n for n in range(len(alphabet), WORDS)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in MARKS[:107]])
    inner.add_tokens([AddedToken(mark, normalized=False) for mark in MARKS[107:]])
    source.mkdir(parents=True)
    WhisperTokenizerFast(tokenizer_object=inner).save_pretrained(source)
    inner.save(str(source / "tokenizer.json"))
    ids = {mark: inner.token_to_id(mark) for mark in MARKS}
    torch.manual_seed(3)
    config = WhisperConfig(
        vocab_size=inner.get_vocab_size(), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, num_mel_bins=80, pad_token_id=ids["<|endoftext|>"], bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"], decoder_start_token_id=ids["<|startoftranscript|>"], suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    model.generation_config.no_timestamps_token_id = ids["<|notimestamps|>"]
    model.generation_config.lang_to_id = {mark: ids[mark] for mark in MARKS[2:101]}
    model.generation_config.alignment_heads = [[0, 0]]
    model.save_pretrained(source)
    WhisperFeatureExtractor().save_pretrained(source)
    TransformersConverter(str(source), copy_files=["tokenizer.json", "preprocessor_config.json"]).convert(str(out))
    return out
