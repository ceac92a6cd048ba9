#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "../checkpoint/readers/hugging_face_write.hpp"
#include "../checkpoint/readers/safetensors_write.hpp"
#include "checkpoint_options.hpp"
#include "commands.hpp"
#include "companions.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "merge_adapter.hpp"
#include "new_folder.hpp"
#include "pack_weights.hpp"
#include "unpack_weights.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

struct export_options {
  std::string path;
  open_options open;
  std::string adapter;  // to be merged; empty: none
  std::string output;
};

constexpr std::string_view packed_magic("\x89\x43\x46PK\r\n\x1A", 8);
constexpr std::size_t packed_alignment_in_file = 64;

std::string_view text_of(std::span<std::byte const> bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

// The packed file inside a program: its sections were assembled at a multiple of 64 bytes.
std::optional<packed_file> embedded_in(std::span<std::byte const> program, std::string const& name) {
  std::string_view const text = text_of(program);
  for (std::size_t at = text.find(packed_magic); at != std::string_view::npos; at = text.find(packed_magic, at + 1)) {
    std::uint64_t size = 0;
    constexpr std::size_t size_field = 16;
    if (at % packed_alignment_in_file != 0 || program.size() - at < size_field + sizeof size) continue;
    std::memcpy(&size, program.data() + at + size_field, sizeof size);
    if (size > program.size() - at) continue;
    try {
      return packed_file::view(program.subspan(at, static_cast<std::size_t>(size)), name);
    } catch (error const&) {  // the program's own copy of the magic
    }
  }
  return std::nullopt;
}

// The weights of a program, or nothing if the file is none.
std::optional<packed_file> packed_weights_of(fs::path const& path, mapped_file const& file) {
  if (text_of(file.bytes()).starts_with(packed_magic)) return packed_file::map(path);
  if (!text_of(file.bytes())
           .starts_with("\x7F"
                        "ELF"))
    return std::nullopt;
  if (auto embedded = embedded_in(file.bytes(), path.string())) return embedded;
  fs::path beside = path;
  beside += ".weights";
  std::error_code unreadable;
  if (!fs::exists(beside, unreadable))
    throw error(path.string() + ": is a program without weights in it, and " + beside.string() + " is not there");
  return packed_file::map(beside);
}

// Tensors in the names of transformers, merged with an adapter if there is one.
void write_tensors(std::vector<tensor_view> tensors, std::string const& adapter, fs::path const& to) {
  made_bytes made;
  if (!adapter.empty()) merge_adapter(adapter, tensors, made);
  write_safetensors(to / "model.safetensors", std::move(tensors));
}

// A folder's files, its tensors as they are stored.
void export_folder(checkpoint const& source, std::string const& adapter, fs::path const& to) {
  write_tensors(source.stored, adapter, to);
  copy_companions(source.path, to);
}

void export_file(checkpoint const& source, std::string const& adapter, fs::path const& to) {
  require_tensors(source);
  hugging_face_form const form = in_hugging_face_form(source);
  write_tensors(form.tensors, adapter, to);
  write_file(to / "config.json", form.config_json);
}

void export_program(packed_file const& file, std::string const& name, fs::path const& to) {
  unpacked const out = unpack(file, name);
  if (out.rounded_to)
    std::fprintf(stderr,
                 "constformer: %s: its matrices were rounded to %s when it was built; they are written in f32 as the "
                 "values that "
                 "it multiplies with\n",
                 name.c_str(),
                 out.several_types ? "several quantised types" : std::string(name_of(*out.rounded_to)).c_str());
  packed_metadata const facts = file.metadata();
  // What did not come from a Hugging Face folder has its names and order of rows by now, and GPT-2 may still be (out,
  // in).
  bool const turned = facts.source != name_of(checkpoint_format::hugging_face);
  if (turned)
    write_safetensors(to / "model.safetensors", in_hugging_face_form(out.source).tensors);
  else
    write_safetensors(to / "model.safetensors", out.source.stored);
  write_file(to / "config.json", facts.config_json);
  if (!facts.generation_json.empty()) write_file(to / "generation_config.json", facts.generation_json);
}

void refuse_for_program(open_options const& options, std::string const& name) {
  if (options.heads != 0 || options.softcap || options.activation)
    throw error(name +
                ": is a program, --heads, --activation and --softcap are for checkpoints that do not say theirs");
}

void run_export(export_options const& options) {
  fs::path const path = options.path, to = options.output;
  std::error_code unreadable;
  if (fs::exists(to, unreadable) && fs::equivalent(path, to, unreadable))
    throw error(options.output + ": is the checkpoint itself");
  bool const folder = fs::is_directory(path, unreadable);
  std::optional<mapped_file> file;
  if (!folder) file.emplace(path);
  auto const packed = file ? packed_weights_of(path, *file) : std::nullopt;
  std::optional<checkpoint> source;
  if (packed && !options.adapter.empty()) throw error(options.path + ": is a program, --merge is for a checkpoint");
  if (packed)
    refuse_for_program(options.open, options.path);
  else
    source = open_checkpoint(path, options.open);
  new_folder target(to);
  if (packed)
    export_program(*packed, options.path, to);
  else if (source->format == checkpoint_format::hugging_face)
    export_folder(*source, options.adapter, to);
  else
    export_file(*source, options.adapter, to);
  target.keep();
}

}  // namespace

void add_export(CLI::App& app) {
  auto const options = std::make_shared<export_options>();
  CLI::App* const command = app.add_subcommand("export", "Writes a program or a checkpoint as a Hugging Face folder");
  command->add_option("path", options->path, "a program, its .weights file, or a checkpoint")
      ->required()
      ->type_name("MODEL_OR_PATH");
  add_open_options(*command, options->open);
  command->add_option("--merge", options->adapter, "a PEFT folder with a LoRA adapter to add to the weights")
      ->type_name("ADAPTER");
  command->add_option("-o,--output", options->output, "output folder, created if absent")->required()->type_name("DIR");
  command->callback([options] { run_export(*options); });
}

}  // namespace constformer::command
