#!/usr/bin/env python3
"""Writes splits.json: how the tokenizers library cuts text by the pattern that each name of GGUF's tokenizer.ggml.pre stands for.

PATTERNS has what the published tokenizer.json of each kind says (tokenization_kimi.py for kimi-k2, by the `regex` package): Split steps
with Isolated behaviour, and the one regular expression of GPT-2's ByteLevel. A case is the list of pieces of a text.

Usage: tests/text/make_splits.py [--check]        (77: tokenizers or regex are missing)
"""
import json
import pathlib
import sys

OUT = pathlib.Path(__file__).parent / "splits.json"

CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+END"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*END"
         r"|\p{N}COUNT| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = CASED.replace("END", CONTRACTION + "?").replace("COUNT", "{1,3}")
TEKKEN = CASED.replace("END", "").replace("COUNT", "")
YOUTU = CASED.replace("END", CONTRACTION + "?").replace("COUNT", "")
SIGNED = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
LING = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
HAN_KANA = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
ASIAN = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
SIGNS = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"
LETTERS = (r"\s?["
           r"A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-"
           r"\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-"
           r"\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF"
           r"\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50"
           r"-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC"
           r"\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115"
           r"\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E"
           r"\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-"
           r"\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A"
           r"\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}"
           r"\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}"
           r"]+")
STOPS = r" ?[^(\s|[.,!?…。，、।۔،])]+"

NAMES = {
    "gpt-2": "phi-2 olmo mpt jais trillion granite-docling gigachat a.x-4.0 mellum modern-bert exaone4 jina-es jina-de jina-v2-es jina-v2-de "
             "jina-v1-en jina-v2-code roberta-bpe",
    "starcoder": "refact command-r smollm codeshell exaone minerva-7b mellum2",
    "llama-bpe": "llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano dbrx smaug-bpe chatglm-bpe glm4 glm5",
    "qwen2": "deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
    "gpt-4o": "llama4 kanana2 talkie minimax-m2 granite-embed-multi-97m",
    "tiny_aya": "cohere2moe", "bailingmoe": "bailingmoe2 llada-moe", "deepseek-v3": "hunyuan-dense joyai-llm hy_v4", "bloom": "poro-chat gpt3-finnish",
}


def patterns():
    return {
        "gpt-2": [GPT2], "starcoder": [r"\p{N}", GPT2], "llama-bpe": [LLAMA3], "qwen2": [QWEN2], "gpt-4o": [O200K], "tekken": [TEKKEN],
        "tiny_aya": [r"\d{1,3}(?=(?:\d{3})*\b)", O200K],
        "youtu": ["[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，\u3001-\u303f\ufe30-\ufe4f]+|[ㄅ-ㄯ]+|" + HAN_KANA, YOUTU],
        "jais-2": [LLAMA3.replace(r"\s+(?!\S)|\s+", "".join(r"\s{%d}(?!\S)|" % n for n in (512, 256, 128, 64, 32, 16, 8, 4)) + r"\s{1,2}(?!\S)|\s{1}")],
        "minicpm5": [r"\p{N}{1,3}", LLAMA3.replace("{1,3}", "+")],
        "qwen35": [QWEN2.replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")],
        "ufakzeka": [QWEN2.removeprefix(CONTRACTION + "|")],
        "laguna": [r"[^\n]+|[\n]+", QWEN2],
        "seed-coder": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"],
        "exaone-moe": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"],
        "bailingmoe": [LING],
        "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", ASIAN, r"\p{N}"],
        "deepseek-llm": [r"[\r\n]", LETTERS, SIGNS, r"\s+$", ASIAN, r"\p{N}"],
        "deepseek-v3": [r"\p{N}{1,3}", HAN_KANA, SIGNED],
        "spark2_5": [r"\p{N}{1,3}", HAN_KANA, SIGNED.replace(r"+[\r\n]*|\s*[\r\n]+", r"+|[\r\n]"), r"\p{N}"],
        "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
        "bloom": [STOPS], "viking": [STOPS, r"\p{N}"],
        "chameleon": ["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\\t\\n]|    |  )", r"\p{N}", r"[\p{P}!-/:-@\[-`{-~]", GPT2],
        "afmoe": [r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))",
                  "[一-鿿㐀-䶿\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f"
                  "\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+", SIGNED],
    }


KIMI = "|".join([r"[\p{Han}]+", r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+" + CONTRACTION + "?",
                 r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*" + CONTRACTION + "?",
                 r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])

TEXTS = [
    "Hello world, it's 1987: I'VE 1234567 (and 12) things... don't we'Ll'd?\n\nNew  line \t tab\r\n  end   ",
    "camelCase HTTPServer ÉcoLe naïve Straße ОЧЕНЬ Очень ǅungla ʰa cafe\u0301s ﬁne İstanbul'un",
    "時計は12時。你好，世界！한국어 문장、〆切 ㄱㄴㄷ ㄅㄆ ｶﾀｶﾅ ๅไทย ខ្មែរ မြန်မာ किंतु हिन्दी नमस्ते। שלום עולם مرحبا، ۔",
    "x_y = [1,2]; if (a<=b) {return \"$c\" + 'd'} // 50% ~ ^ ` | \\n #include <x>;\n\t\tfoo()->bar(); /* ok */\n/path/to",
    " \n \n\n\t  \n   a\u00a0b\u3000c\u2003d\u0085e\u200bf      12345678901  ½²³ ٣٤٥٦٧ Ⅷ 1,000,000.00 3.14",
    "😀👩‍👧🇩🇪 …—“quoted” ‘s ’s '' \"\" !!! ??? ... <sentinel:12> IMGIMGABCZ <|im_end|> ©®™ €100 £5 𝒳𝓎 𐐷𐐏 ꙀꙂ",
]


def split(steps, text):
    from tokenizers import Regex, pre_tokenizers

    cut = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(step), "isolated") for step in steps])
    return [piece for piece, _ in cut.pre_tokenize_str(text)]


def made():
    import regex

    out = {"texts": TEXTS, "pieces": {}, "same": NAMES}
    for name, steps in patterns().items():
        out["pieces"][name] = [split(steps, text) for text in TEXTS]
    kimi = regex.compile(KIMI, regex.V1)
    out["pieces"]["kimi-k2"] = [[m.group() for m in kimi.finditer(text)] for text in TEXTS]
    return out


def main():
    try:
        now = made()
    except ImportError:
        return 77
    lines = [f'"texts": {json.dumps(now["texts"])}', f'"same": {json.dumps(now["same"])}',
             '"pieces": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps(pieces)}" for name, pieces in now["pieces"].items()) + "\n}"]
    text = "{" + ",\n".join(lines) + "}\n"
    if "--check" not in sys.argv:
        OUT.write_text(text)
        return 0
    same = json.loads(OUT.read_text()) == now
    print("splits.json is" + (" as" if same else " not as") + " the tokenizers library cuts")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
