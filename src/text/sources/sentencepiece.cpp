#include <array>
#include <string>
#include <unordered_set>

#include "constformer/text/load.hpp"
#include "text/sources/charsmap.hpp"
#include "text/sources/protobuf.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

/// The fields of TrainerSpec that matter to a reader.
struct trainer_facts {
  int model_type = 1;
  bool byte_fallback = false;
  std::string unk_surface = " \xE2\x81\x87 ";
  std::string bos_piece = "<s>", eos_piece = "</s>", pad_piece = "<pad>";
};

class model_reader {
 public:
  explicit model_reader(std::string_view name) : name_(name) { data_.byte_ids.fill(-1); }

  tokenizer_data read(std::string_view bytes) {
    enum { pieces = 1, trainer_spec = 2, normalizer_spec = 3, denormalizer_spec = 5 };
    protobuf_message model(bytes, name_);
    for (protobuf_message::field f; model.next(f);) {
      if (!f.delimited) continue;
      if (f.number == pieces) read_piece(f.bytes);
      if (f.number == trainer_spec) read_trainer(f.bytes);
      if (f.number == normalizer_spec) read_normalizer(f.bytes);
      if (f.number == denormalizer_spec) refuse_denormalizer(f.bytes);
    }
    finish();
    return std::move(data_);
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw error(std::string(name_) + ": " + what); }

  void read_piece(std::string_view bytes) {
    enum { piece = 1, score = 2, type = 3 };
    vocabulary_entry e;
    std::uint64_t kind = 1;
    protobuf_message message(bytes, name_);
    for (protobuf_message::field f; message.next(f);) {
      if (f.number == piece && f.delimited) e.text = f.bytes;
      if (f.number == score && !f.delimited) e.score = double{f.as_float()};
      if (f.number == type && !f.delimited) kind = f.value;
    }
    e.kind = kind_of(kind);
    if (e.text.empty()) fail("piece " + std::to_string(data_.vocabulary.size()) + " has no text");
    data_.vocabulary.push_back(std::move(e));
  }

  piece_kind kind_of(std::uint64_t number) const {
    switch (number) {
      case 1: return piece_kind::normal;
      case 2: return piece_kind::unknown;
      case 3: return piece_kind::control;
      case 4: return piece_kind::user_defined;
      case 5: return piece_kind::unused;
      case 6: return piece_kind::byte;
      default:
        fail("piece " + std::to_string(data_.vocabulary.size()) + " is of type " + std::to_string(number) +
             ", 1 to 6 are known");
    }
  }

  void read_trainer(std::string_view bytes) {
    enum {
      model_type = 3,
      suffix = 24,
      byte_fallback = 35,
      unk_surface = 44,
      bos_piece = 46,
      eos_piece = 47,
      pad_piece = 48
    };
    protobuf_message message(bytes, name_);
    for (protobuf_message::field f; message.next(f);) {
      if (f.number == model_type) trainer_.model_type = static_cast<int>(f.value & 0xFF);
      if (f.number == suffix) data_.sentencepiece.treat_whitespace_as_suffix = f.value != 0;
      if (f.number == byte_fallback) trainer_.byte_fallback = f.value != 0;
      if (f.number == unk_surface) trainer_.unk_surface = f.bytes;
      if (f.number == bos_piece) trainer_.bos_piece = f.bytes;
      if (f.number == eos_piece) trainer_.eos_piece = f.bytes;
      if (f.number == pad_piece) trainer_.pad_piece = f.bytes;
    }
  }

  void read_normalizer(std::string_view bytes) {
    enum { charsmap = 2, dummy_prefix = 3, remove_extra = 4, escape = 5 };
    protobuf_message message(bytes, name_);
    for (protobuf_message::field f; message.next(f);) {
      if (f.number == charsmap) read_charsmap(f.bytes, name_, data_);
      if (f.number == dummy_prefix) data_.sentencepiece.add_dummy_prefix = f.value != 0;
      if (f.number == remove_extra) data_.sentencepiece.remove_extra_whitespaces = f.value != 0;
      if (f.number == escape) data_.sentencepiece.escape_whitespaces = f.value != 0;
    }
  }

  void refuse_denormalizer(std::string_view bytes) const {
    protobuf_message message(bytes, name_);
    for (protobuf_message::field f; message.next(f);) {
      if (f.number == 2 && !f.bytes.empty()) fail("has a denormalizer, which is not supported");
    }
  }

  void finish() {
    if (data_.vocabulary.empty()) fail("is no SentencePiece model, it has no pieces");
    constexpr int type_unigram = 1, type_bpe = 2;
    if (trainer_.model_type != type_unigram && trainer_.model_type != type_bpe) {
      fail("the model is of type " + std::to_string(trainer_.model_type) + ", 1 (Unigram) and 2 (BPE) are supported");
    }
    data_.model = trainer_.model_type == type_bpe ? model_kind::scored_merges : model_kind::unigram;
    data_.byte_fallback = trainer_.byte_fallback;
    data_.rewrites.push_back({rewrite_kind::sentencepiece, "", ""});
    data_.decoder = decode_kind::sentencepiece;
    data_.unknown_text = trainer_.unk_surface;
    check_pieces();
  }

  /// The rules of libsentencepiece's ModelInterface::InitializePieces, and the ids with a role.
  void check_pieces() {
    std::unordered_set<std::string_view> matchable, reserved;
    int id = 0;
    for (vocabulary_entry const& e : data_.vocabulary) {
      bool const normal =
          e.kind == piece_kind::normal || e.kind == piece_kind::user_defined || e.kind == piece_kind::unused;
      if (!(normal ? matchable : reserved).insert(e.text).second)
        fail("piece \"" + e.text.substr(0, 40) + "\" comes twice");
      if (e.kind == piece_kind::unknown) {
        if (data_.special.unk)
          fail("two pieces are of the unknown type, " + std::to_string(*data_.special.unk) + " and " +
               std::to_string(id));
        data_.special.unk = id;
      }
      if (e.kind == piece_kind::byte) set_byte(e.text, id);
      if (e.kind == piece_kind::control) set_role(e.text, id);
      ++id;
    }
    if (!data_.special.unk) fail("none of the " + std::to_string(id) + " pieces is of the unknown type");
    int bytes = 0;
    for (int const byte_id : data_.byte_ids) bytes += byte_id >= 0 ? 1 : 0;
    if (data_.byte_fallback && bytes != 256)
      fail("byte fallback needs 256 byte pieces, there are " + std::to_string(bytes));
  }

  void set_byte(std::string_view text, int id) {
    int const byte = byte_of_token(text);
    if (!trainer_.byte_fallback || byte < 0 || token_of_byte(byte) != text) {
      fail("piece " + std::to_string(id) + " is of the byte type, which its text or the model's switches do not allow");
    }
    data_.byte_ids[static_cast<std::size_t>(byte)] = id;
  }

  void set_role(std::string_view text, int id) {
    if (text == trainer_.bos_piece) data_.special.bos = id;
    if (text == trainer_.eos_piece) data_.special.eos = id;
    if (text == trainer_.pad_piece) data_.special.pad = id;
  }

  std::string_view name_;
  tokenizer_data data_;
  trainer_facts trainer_;
};

}  // namespace
}  // namespace text

tokenizer_data read_sentencepiece_model(std::string_view bytes, std::string_view name) {
  return text::model_reader(name).read(bytes);
}

}  // namespace constformer
