#pragma once

#include "context.hpp"
#include "options.hpp"
#include "output.hpp"

/// One function per subcommand, each in a file of its name. They throw `error`; the exit status is 0 when they return.
namespace constformer::program {

void run_generate(program_context const& context, generate_options const& options, output& out);
void run_score(program_context const& context, score_options const& options, output& out);
void run_embed(program_context const& context, embed_options const& options, output& out);
void run_tokenize(program_context const& context, tokenize_options const& options, output& out);
void run_detokenize(program_context const& context, detokenize_options const& options, output& out);
void run_info(program_context const& context, info_options const& options, output& out);
void run_bench(program_context const& context, bench_options const& options, output& out);

}  // namespace constformer::program
