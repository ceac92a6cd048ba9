#include "context.hpp"

#include <sched.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "constformer/config/encoder.hpp"
#include "constformer/core/text.hpp"
#include "constformer/generate/linked_draft.hpp"
#include "constformer/generate/linked_weights.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

constexpr int most_threads = 1024;

// A thread reads this much in some 100 µs, while threads meet dozens of times per token, at about 1 µs each and far
// more on a busy machine: with less to read, a second thread makes a token slower.
constexpr std::int64_t weights_per_thread = std::int64_t{2} << 20;

// More than a processor's last cache mostly holds: to check them before the first pass would fetch them from memory
// twice.
constexpr std::int64_t checked_as_read = std::int64_t{32} << 20;

// Where there is no /proc, as in an empty root folder, the kernel still tells by which path it started the program.
std::filesystem::path own_path() {
  std::error_code failed;
  auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) return path;
  auto const* started = reinterpret_cast<char const*>(::getauxval(AT_EXECFN));
  return started == nullptr ? std::filesystem::path() : std::filesystem::path(started);
}

packed_file open_packed(weights_place const& place) {
  if (place.beside.empty())
    return packed_file::view(place.embedded, own_path().filename().string() + ": packed data in the program");
  return packed_file::map(own_path().parent_path() / place.beside);
}

std::unique_ptr<tokenizer> open_text(packed_file const& packed) {
  auto const blob = packed.section(packed_section::tokenizer);
  return blob.empty() ? nullptr : open_tokenizer(blob);
}

// Threads that have something to do while so many bytes of weights are read.
int useful_threads(std::int64_t weight_bytes, int most) {
  return static_cast<int>(std::clamp<std::int64_t>(weight_bytes / weights_per_thread, 1, most));
}

// Those that run at once on this machine, as far as this process may use them.
int hardware_threads() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return std::clamp(CPU_COUNT(&allowed), 1, most_threads);
}

std::string kind_of(program_context const& context) {
  std::string_view const kind = has_encoder(context.model()) ? "an encoder-decoder model"
                                : context.is_encoder()       ? "an encoder"
                                                             : "a decoder";
  return std::string(context.unit.name) + " is " + std::string(kind) + " (" + std::string(context.family()) + ")";
}

}  // namespace

std::string_view program_context::family() const {
  return unit.traced ? std::string_view("constformer") : name_of(model().family);
}

tokenizer const& program_context::need_tokenizer(char const* what, char const* instead) const {
  if (text) return *text;
  throw error(std::string(what) + " needs a tokenizer and " + std::string(unit.name) +
              " was built without one; give token ids with " + instead);
}

void program_context::need_decoder(char const* what) const {
  if (is_encoder())
    throw error(kind_of(*this) + ", it has no next token to foretell; " + what + " needs a decoder, embed works here");
  if (has_encoder(model())) throw error(kind_of(*this) + "; " + what + " needs a source, translate works here");
  if (model().head == head_kind::none)
    throw error(std::string(unit.name) + " was saved without its head, it has no next token to foretell; " + what +
                " needs one, embed works here");
}

void program_context::need_embedding(char const* what) const {
  if (has_encoder(model()))
    throw error(kind_of(*this) + "; " + what + " needs one of the two alone, translate works here");
}

void program_context::need_translator(char const* what) const {
  if (!has_encoder(model()))
    throw error(kind_of(*this) + "; " + what + " needs an encoder and a decoder, " +
                (is_encoder() ? "embed works" : "generating and score work") + " here");
}

void program_context::need_encoder(char const* what) const {
  if (!is_encoder()) throw error(kind_of(*this) + "; " + what + " needs an encoder, generating and score work here");
}

int program_context::default_threads() const { return useful_threads(unit.weight_bytes, hardware_threads()); }

serve::engine_options program_context::engine(session_choice const& choice) const {
  if (choice.context < 0) throw usage_error("--ctx-size " + std::to_string(choice.context) + " is negative");
  if (choice.threads < 0 || choice.threads > most_threads)
    throw usage_error("--threads " + std::to_string(choice.threads) + " is not between 1 and " +
                      std::to_string(most_threads));
  if (choice.context > model().capacity)
    throw error("--ctx-size " + std::to_string(choice.context) + " is above the compiled capacity of " +
                std::to_string(model().capacity) + " tokens");
  serve::engine_options out{
      .unit = &unit, .threads = choice.threads == 0 ? default_threads() : choice.threads, .capacity = choice.context};
  bool const checked_now = unit.weight_bytes <= checked_as_read;
  out.weights =
      (checked_now ? packed.section(packed_section::weights) : packed.unchecked(packed_section::weights)).data();
  if (!checked_now) out.reading = packed.first_reading_of(packed_section::weights);
  return out;
}

std::unique_ptr<session> program_context::start(session_choice const& choice, int sequences) const {
  auto const how = engine(choice);
  return unit.start(how.weights,
                    {.threads = how.threads, .capacity = how.capacity, .sequences = sequences, .reading = how.reading});
}

serve::draft_options draft_context::engine(int tokens, int threads) const {
  return {.unit = &unit,
          .weights = packed.section(packed_section::weights).data(),
          .threads = useful_threads(unit.weight_bytes, threads),
          .tokens = tokens};
}

std::optional<draft_context> open_draft() {
  if (draft_of_program == nullptr) return std::nullopt;
  auto const linked = draft_of_program();
  draft_context out{*linked.unit, open_packed(linked.weights)};
  out.packed.require(out.unit.fingerprint, out.unit.weight_bytes);
  return out;
}

program_context open_context() {
  auto const& unit = linked_unit();
  auto packed = open_packed(linked_weights());
  packed.require(unit.fingerprint, unit.weight_bytes);
  auto metadata = packed.metadata();
  auto text = open_text(packed);
  return {unit, std::move(packed), std::move(metadata), std::move(text)};
}

}  // namespace constformer::program
