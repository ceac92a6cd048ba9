#include <vector>

#include "commands.hpp"
#include "errors.hpp"
#include "input.hpp"

namespace constformer::program {

void run_command(program_context const& context, tokenize_options const& options, output& out) {
  check_one_input(options.input, false);
  if (!options.input.given()) throw usage_error("tokenize needs one of --prompt and --file");
  auto const& text = context.need_tokenizer("tokenize");
  auto const ids = text.encode(read_text(options.input), {.add_special = !options.no_special});
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out.put(" ");
    out.put(static_cast<long long>(ids[i]));
  }
  out.put("\n");
  out.flush();
}

void run_command(program_context const& context, detokenize_options const& options, output& out) {
  check_one_input(options.input, false);
  if (!options.input.given()) throw usage_error("detokenize needs one of --ids and --file");
  auto const& text = context.need_target_tokenizer("detokenize");
  auto const ids =
      options.input.ids ? read_ids(*options.input.ids, "--ids") : read_ids(read_input(*options.input.file), "--file");
  check_ids(ids, text.vocab_size(), options.input.ids ? "--ids" : "--file");
  out.put(text.decode(ids));
  out.put("\n");
  out.flush();
}

}  // namespace constformer::program
