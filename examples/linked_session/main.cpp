// A compiled model linked into a program of one's own, through session.hpp alone: nothing here knows a shape. Two
// conversations run at once, each with a cache of its own, over the same weights.
//
//     linked_session [FIRST [SECOND]]
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <string>

#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "constformer/generate/sampling_options.hpp"
#include "constformer/generate/linked_weights.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/text/tokenizer.hpp"

namespace {

using namespace constformer;

// The model that is linked in: its unit, its weights and its tokenizer, shared by all conversations and never written.
class model {
 public:
  model() : file_(packed_file::view(linked_weights().embedded, linked_unit().name)) {
    file_.require(linked_unit().fingerprint, linked_unit().weight_bytes);
    weights_ = file_.section(packed_section::weights).data();
    text_ = open_tokenizer(file_.section(packed_section::tokenizer));
  }

  // The continuation of `prompt`, sampled; the same for the same seed.
  [[nodiscard]] std::string converse(std::string const& prompt, std::uint64_t seed) const {
    auto const session = linked_unit().start(weights_, {.threads = 1, .capacity = 128});
    auto const choose = make_sampler({.seed = seed}, text_->vocab_size(), session->capacity());
    auto const stream = text_->stream();
    std::string out;
    generate(*session, *choose, text_->encode(prompt), {.max_tokens = 80, .stop_ids = {}}, [&](int id) {
      out += stream->push(id);
      return true;
    });
    return out += stream->flush();
  }

 private:
  packed_file file_;
  std::byte const* weights_ = nullptr;
  std::unique_ptr<tokenizer> text_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    std::string const first_prompt = argc > 1 ? argv[1] : "ROMEO:\n";
    std::string const second_prompt = argc > 2 ? argv[2] : "JULIET:\n";
    model const shared;
    auto one = std::async(std::launch::async, [&] { return shared.converse(first_prompt, 1); });
    auto two = std::async(std::launch::async, [&] { return shared.converse(second_prompt, 2); });
    std::string const first = one.get();
    std::string const second = two.get();
    std::printf("%s%s\n---\n%s%s\n---\n", first_prompt.c_str(), first.c_str(), second_prompt.c_str(), second.c_str());
    bool const same = first == shared.converse(first_prompt, 1) && second == shared.converse(second_prompt, 2);
    std::puts(same ? "both as they are alone" : "they disturb each other");
    return same ? 0 : 1;
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "linked_session: %s\n", problem.what());
    return 1;
  }
}
