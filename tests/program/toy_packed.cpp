#include "toy_packed.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "constformer/text/load.hpp"
#include "toy_model.hpp"

namespace toy {

namespace {

template <class Value>
void append(std::string& out, Value value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

void append_token(std::string& out, std::string const& token) {
  append(out, 0.0F);
  append(out, static_cast<std::int32_t>(token.size()));
  out += token;
}

std::string llama2c_bytes() {
  std::string out;
  append(out, std::uint32_t{8});
  append_token(out, "<unk>");
  append_token(out, "\n<s>\n");
  append_token(out, "\n</s>\n");
  for (unsigned byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    append_token(out, name);
  }
  append_token(out, " ");
  for (char letter = 'a'; letter <= 'z'; ++letter) append_token(out, std::string(1, letter));
  return out;
}

}  // namespace

std::vector<std::byte> tokenizer_blob() {
  return constformer::pack(constformer::read_llama2c_tokenizer(llama2c_bytes(), "toy vocabulary"));
}

void write_packed(std::filesystem::path const& path, packed_choice const& choice) {
  std::vector<std::byte> weights(weight_bytes, std::byte{7});
  auto const blob = choice.tokenizer ? tokenizer_blob() : std::vector<std::byte>();
  constformer::write_packed_file(path, {.fingerprint = fingerprint,
                                        .weights = weights,
                                        .tokenizer = blob,
                                        .metadata = {.name = "toy model",
                                                     .family = "llama",
                                                     .source = "test",
                                                     .stop_ids = choice.stop_ids,
                                                     .max_sequence = choice.max_sequence,
                                                     .embedding = choice.embedding,
                                                     .chat = choice.chat},
                                        .tensors = {{.name = "a.weight", .type = "f32", .shape = {8, 4}, .offset = 0},
                                                    {.name = "a.bias", .type = "f32", .shape = {8}, .offset = 128}},
                                        .modules = std::as_bytes(std::span(choice.modules))});
}

}  // namespace toy
