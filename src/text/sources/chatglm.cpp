#include "text/sources/chatglm.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"
#include "text/white_space_tokens.hpp"

namespace constformer::text {

namespace {

using source = template_item::source;

constexpr char const* global_mask = "[gMASK]";

void add_piece(tokenizer_data& data, std::string text, piece_kind kind) {
  data.vocabulary.push_back({std::move(text), 0, kind, true});
}

// In the order in which the class appends them to the model it has read.
void add_first_release(tokenizer_data& data) {
  for (char const* const name : {"[MASK]", global_mask, "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>"})
    add_piece(data, name, piece_kind::control);
  add_piece(data, "<|tab|>", piece_kind::user_defined);
  for (int blanks = 2; blanks <= longest_blank_token; ++blanks)
    add_piece(data, blank_token(blanks), piece_kind::user_defined);
  data.byte_fallback = true;
  for (std::size_t byte = 0; byte < data.byte_ids.size(); ++byte) {
    data.byte_ids[byte] = static_cast<int>(data.vocabulary.size());
    add_piece(data, token_of_byte(static_cast<int>(byte)), piece_kind::byte);
  }
}

// Ids of images, which are no text, stand before those of the pieces.
void add_images(tokenizer_data& data, int images) {
  data.vocabulary.insert(data.vocabulary.begin(), static_cast<std::size_t>(images),
                         {"", 0, piece_kind::control, false});
  for (int& id : data.byte_ids)
    if (id >= 0) id += images;
  special_tokens& s = data.special;
  for (std::optional<int>* const role : {&s.bos, &s.eos, &s.pad, &s.unk, &s.cls, &s.sep, &s.mask})
    if (*role) **role += images;
}

int id_of(tokenizer_data const& data, char const* token) {
  auto const id = id_of_text(data, token);
  if (!id) throw error("ice_text.model: has no piece " + std::string(token) + ", which ChatGLM-6B needs");
  return *id;
}

}  // namespace

void add_chatglm_tokens(tokenizer_data& data) {
  int const first = static_cast<int>(data.vocabulary.size());
  for (char const* const name : {"[MASK]", global_mask, "[sMASK]", "sop", "eop"})
    data.vocabulary.push_back({name, 0, piece_kind::control, false});
  data.single = {{source::token, first + 1, 0}, {source::token, first + 3, 0}, {source::first, 0, 0}};
  data.pair = data.single;
  data.pair.push_back({source::second, 0, 0});
  if (data.special.eos) data.pair.push_back({source::token, *data.special.eos, 0});
}

bool is_first_chatglm(tokenizer_data const& data) { return !id_of_text(data, global_mask); }

void complete_chatglm_6b(tokenizer_data& data, int images) {
  if (is_first_chatglm(data)) add_first_release(data);
  add_images(data, images);
  data.rewrites.insert(data.rewrites.begin(), {rewrite_kind::white_space_tokens, "", ""});
  data.decoder = decode_kind::chatglm;
  data.special.bos = id_of(data, "<sop>");
  data.special.eos = id_of(data, "<eop>");
  data.special.mask = id_of(data, "[MASK]");
  data.single = {
      {source::first, 0, 0}, {source::token, id_of(data, global_mask), 0}, {source::token, *data.special.bos, 0}};
  data.pair = data.single;
  data.pair.push_back({source::second, 0, 0});
  data.pair.push_back({source::token, *data.special.eos, 0});
}

}  // namespace constformer::text
