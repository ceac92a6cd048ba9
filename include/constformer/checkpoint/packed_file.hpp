#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"
#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/generation_defaults.hpp"

namespace constformer {

/// The sections of a packed file. Weights are in the order in which kernels read them; the others are described in
/// docs/formats.md.
enum class packed_section : std::uint32_t { weights = 0, tokenizer = 1, metadata = 2, tensors = 3, modules = 4 };

/// How many sections `packed_section` names.
inline constexpr std::size_t packed_sections = 5;

/// What the program must know beyond shapes: how text begins and ends. Stored as the metadata section (JSON).
struct packed_metadata {
  std::string name;                    ///< of the model
  std::string family;                  ///< as config.json calls it
  std::string source;                  ///< what kind of file it was packed from
  std::vector<int> stop_ids;           ///< generation ends at any of these
  int max_sequence = 0;                ///< longest encoder input that the tokenizer's files ask for; 0: capacity
  embedding_recipe embedding{};        ///< how hidden states become an embedding
  std::vector<std::string> labels{};   ///< names of a classifier's outputs
  bool several_labels = false;         ///< each label is judged by itself
  std::vector<std::string> chat{};     ///< the chat template, as `words_of` writes it (text/chat.hpp); empty: none
  std::optional<int> decoder_start{};  ///< encoder-decoder models: stands before every target
  generation_defaults generation{};    ///< of decoders, as the checkpoint's files ask for
  std::string config_json{};           ///< of a Hugging Face folder of this model, for `export`; empty: there is none
  std::string config_refusal{};        ///< why there is none
  std::string generation_json{};       ///< its generation_config.json; empty: there is none
};

/// One packed tensor, for `info`; stored as the tensors section (JSON).
struct packed_tensor {
  std::string name;                          ///< as in the checkpoint
  std::string type;                          ///< as packed
  std::vector<std::int64_t> shape;           ///< as in the checkpoint
  std::int64_t offset = 0;                   ///< bytes from the start of the weights section
  std::string stored_type{};                 ///< in the checkpoint
  std::string stored_name{};                 ///< in the checkpoint's file; empty: `name`
  std::vector<std::int64_t> stored_shape{};  ///< in the checkpoint's file; empty: `shape`
  std::string stored_bytes{};  ///< of the file, in hexadecimal, where they do not follow from what was packed
};

/// What goes into a packed file.
struct packed_content {
  std::uint64_t fingerprint = 0;         ///< `fingerprint_of` the config
  std::span<std::byte const> weights;    ///< in the order of `packed_layout_of` the config
  std::span<std::byte const> tokenizer;  ///< empty if the checkpoint has none
  packed_metadata metadata;              ///< stored as JSON
  std::vector<packed_tensor> tensors;    ///< stored as JSON, in this order
  std::span<std::byte const> modules{};  ///< weights of the steps of `metadata.embedding`
};

/// Writes header, section table and sections, each 64-byte aligned and with its XXH3 checksum, atomically. Throws
/// `error` with the name and the system's reason if that fails; an older file is then left as it was.
void write_packed_file(std::filesystem::path const& path, packed_content const& content);

/// A packed file, mapped or embedded; every part is checked against its checksum, before it is handed out or by its
/// reader.
class packed_file {
 public:
  /// Maps `path`; throws `error` if it is missing, truncated or damaged.
  static packed_file map(std::filesystem::path const& path);

  /// Views bytes that outlive the object (embedded in the program); `name` is for messages.
  static packed_file view(std::span<std::byte const> bytes, std::string_view name);

  /// Throws `error` unless the file was packed for the unit with this fingerprint and this many bytes of weights.
  void require(std::uint64_t fingerprint, std::int64_t weight_bytes) const;

  /// The bytes of one section, 64-byte aligned; throws `error` if its checksum does not fit. Reads the section as a
  /// whole.
  [[nodiscard]] std::span<std::byte const> section(packed_section which) const;

  /// The bytes of one section, 64-byte aligned and not yet checked: for a session that is given `first_reading_of` the
  /// same section, or that of a file whose section has been checked.
  [[nodiscard]] std::span<std::byte const> unchecked(packed_section which) const;
  /// The check of a section by its first reader, which may outlive this object.
  [[nodiscard]] std::shared_ptr<first_reading> first_reading_of(packed_section which) const;

  /// The metadata section, read; throws `error` if it is damaged.
  [[nodiscard]] packed_metadata metadata() const;
  /// The tensors section, read; throws `error` if it is damaged.
  [[nodiscard]] std::vector<packed_tensor> tensors() const;
  /// That of the unit it was packed for.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  class summed_reading;

  packed_file() = default;
  void open(std::span<std::byte const> bytes);
  void require_checksum(packed_section which, std::uint64_t found) const;

  std::shared_ptr<void const> mapping_;
  std::string name_;
  std::uint64_t fingerprint_ = 0;
  std::array<std::span<std::byte const>, packed_sections> sections_{};
  std::array<std::uint64_t, packed_sections> checksums_{};
};

}  // namespace constformer
