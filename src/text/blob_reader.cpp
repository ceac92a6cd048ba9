#include "text/blob_reader.hpp"

#include <cstring>
#include <string>

#include "constformer/core/error.hpp"

namespace constformer::text {

void throw_damaged(char const* what) {
  std::string message = "tokenizer blob: ";
  message.append(what).append(" is damaged");
  throw error(message);
}

namespace {

template <class T>
T read_at(std::span<std::byte const> blob, std::size_t offset) {
  if (offset > blob.size() || blob.size() - offset < sizeof(T)) {
    throw error(std::string("tokenizer blob: ") + std::to_string(blob.size()) +
                " bytes are too few, its header alone needs " + std::to_string(offset + sizeof(T)));
  }
  T value;
  std::memcpy(&value, blob.data() + offset, sizeof(T));
  return value;
}

}  // namespace

blob_reader::blob_reader(std::span<std::byte const> blob) {
  auto const header = read_at<blob_header>(blob, 0);
  if (header.magic != blob_magic) throw error("tokenizer blob: the first bytes are not those of a tokenizer blob");
  if (header.version != blob_version) {
    throw error("tokenizer blob: version " + std::to_string(header.version) + ", this program reads version " +
                std::to_string(blob_version));
  }
  if (header.sections != section_count) throw_damaged("the number of sections");
  if (header.size > blob.size()) {
    throw error("tokenizer blob: says it has " + std::to_string(header.size) + " bytes, " +
                std::to_string(blob.size()) + " are there");
  }
  for (std::size_t i = 0; i < section_count; ++i) {
    auto const where = read_at<blob_section>(blob, sizeof(blob_header) + i * sizeof(blob_section));
    if (where.offset > header.size || where.size > header.size - where.offset) {
      throw error("tokenizer blob: section " + std::to_string(i) + " ends behind the blob's " +
                  std::to_string(header.size) + " bytes");
    }
    sections_[i] = blob.subspan(static_cast<std::size_t>(where.offset), static_cast<std::size_t>(where.size));
  }
  rest_ = blob.subspan(static_cast<std::size_t>(header.size));
  facts_ = array<blob_facts>(section::facts, "the table of facts")[0];
  check_facts();
}

std::string_view blob_reader::text(blob_text where) const {
  std::string_view const all = text(section::strings);
  if (where.offset > all.size() || where.size > all.size() - where.offset) throw_damaged("a string of a step");
  return all.substr(where.offset, where.size);
}

void blob_reader::check_facts() const {
  if (facts_.model > static_cast<std::uint32_t>(model_kind::ranks)) throw_damaged("the kind of model");
  if (facts_.decoder > static_cast<std::uint32_t>(decode_kind::chatglm)) throw_damaged("the kind of decoder");
  if (facts_.tokens > 0x7FFFFFFF) throw_damaged("the number of tokens");
  std::size_t const tokens = facts_.tokens;
  if (bytes(section::token_offsets).size() != 4 * (tokens + 1)) throw_damaged("the table of token offsets");
  if (bytes(section::token_kinds).size() != tokens) throw_damaged("the table of token kinds");
  std::size_t const scores = bytes(section::token_scores).size();
  if (scores != 0 && scores != 8 * tokens) throw_damaged("the table of token scores");
  if (bytes(section::byte_ids).size() != 4 * 256) throw_damaged("the table of byte tokens");
  for (std::int32_t const id : {facts_.bos, facts_.eos, facts_.pad, facts_.unk, facts_.cls, facts_.sep, facts_.mask}) {
    if (id < -1 || id >= static_cast<std::int32_t>(tokens)) throw_damaged("a special id");
  }
  if (facts_.known != 0 && facts_.unk < 0) throw_damaged("the number of known tokens");
  for (section const s : {section::rewrites, section::splits}) {
    if (bytes(s).size() > most_steps * sizeof(blob_step)) throw_damaged("the list of steps");
  }
}

}  // namespace constformer::text
