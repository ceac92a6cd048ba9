"""ChatGLM-6B's tokenizer over libsentencepiece, written from what tokenization_chatglm.py beside its releases does: the oracle of the
chatglm_6b fixtures.

Text goes to SentencePiece with its white space spelled as tokens, ids of images stand before all pieces, and a text ends with [gMASK] and
<sop>. The first release lists neither masks nor white space nor bytes in ice_text.model; `completed` adds them as its class does.
"""
import sentencepiece
import sentencepiece.sentencepiece_model_pb2 as proto

LONGEST = 80
SPECIAL = ["[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>"]
CONTROL, USER_DEFINED, BYTE = 3, 4, 6


def blank(length):
    return f"<|blank_{length}|>"


def completed(model):
    """The pieces of `model`, and those that the later release lists itself."""
    full = proto.ModelProto()
    full.CopyFrom(model)
    more = [(text, CONTROL) for text in SPECIAL]
    more += [(text, USER_DEFINED) for text in ("<|tab|>", *(blank(i) for i in range(2, LONGEST + 1)))]
    more += [(f"<0x{byte:02X}>", BYTE) for byte in range(256)]
    for text, kind in more:
        full.pieces.append(proto.ModelProto.SentencePiece(piece=text, score=0.0, type=kind))
    full.trainer_spec.byte_fallback = True
    return full


class Reference:
    def __init__(self, model, images):
        self.pieces = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
        self.images = images

    def id(self, piece):
        return self.pieces.PieceToId(piece) + self.images

    def encode(self, text):
        text = text.replace("\n", "<n>").replace("\t", "<|tab|>")
        for length in range(LONGEST, 1, -1):
            text = text.replace(" " * length, blank(length))
        return [i + self.images for i in self.pieces.EncodeAsIds(text)] + [self.id("[gMASK]"), self.id("<sop>")]

    def decode(self, ids):
        text = self.pieces.DecodeIds([i - self.images for i in ids if i >= self.images])
        text = text.replace("<n>", "\n").replace("<|tab|>", "\t")
        for length in range(2, LONGEST + 1):
            text = text.replace(blank(length), " " * length)
        return text
