#include "source.hpp"

#include <string>

#include "constformer/config/encoder.hpp"
#include "errors.hpp"
#include "input.hpp"

namespace constformer::program {

namespace {

void check_one_source(source_options const& source) {
  int const given = static_cast<int>(!source.texts.empty()) + static_cast<int>(source.file.has_value()) +
                    static_cast<int>(source.ids.has_value());
  if (given == 0) throw usage_error("a source is needed: one of --prompt, --file and --source-ids");
  if (given > 1)
    throw usage_error("--prompt, --file and --source-ids exclude each other, " + std::to_string(given) +
                      " of them are given");
  if (source.texts.size() > 1)
    throw usage_error("--prompt is given " + std::to_string(source.texts.size()) +
                      " times, at most 1 is understood here");
}

}  // namespace

std::vector<int> read_source(program_context const& context, source_options const& source) {
  check_one_source(source);
  int const vocab = source_vocab(context.model());
  if (source.ids) {
    auto ids = read_ids(*source.ids, "--source-ids");
    if (ids.empty()) throw error("--source-ids: the list is empty");
    check_ids(ids, vocab, "--source-ids");
    return ids;
  }
  auto const& text = context.need_tokenizer(source.file ? "--file" : "--prompt", "--source-ids");
  auto ids = text.encode(read_text({.texts = source.texts, .file = source.file, .ids = {}}));
  if (ids.empty()) throw error("the source is empty");
  check_ids(ids, vocab, "tokenizer");
  return ids;
}

int target_start(program_context const& context) {
  auto const start = context.metadata.decoder_start;
  if (start && *start >= 0 && *start < context.model().vocab) return *start;
  throw error(std::string(context.unit.name) + ": its files name no token that starts a target");
}

}  // namespace constformer::program
