#pragma once

#include "context.hpp"
#include "options.hpp"
#include "output.hpp"

/// One function per subcommand, each in the file of its name (detokenize in tokenize.cpp). They throw `error`; the exit
/// status is 0 when they return.
namespace constformer::program {

void run_command(program_context const& context, generate_options const& options, output& out);
void run_command(program_context const& context, chat_options const& options, output& out);
void run_command(program_context const& context, translate_options const& options, output& out);
void run_command(program_context const& context, score_options const& options, output& out);
void run_command(program_context const& context, embed_options const& options, output& out);
void run_command(program_context const& context, classify_options const& options, output& out);
void run_command(program_context const& context, fill_options const& options, output& out);
void run_command(program_context const& context, tokenize_options const& options, output& out);
void run_command(program_context const& context, detokenize_options const& options, output& out);
void run_command(program_context const& context, info_options const& options, output& out);
void run_command(program_context const& context, bench_options const& options, output& out);
void run_command(program_context const& context, serve_options const& options, output& out);

}  // namespace constformer::program
