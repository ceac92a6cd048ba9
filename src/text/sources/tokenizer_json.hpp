#pragma once

#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/json.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer::text {

/// Throws `error` on a field that is not known and not null, in the file itself and in the components whose types are.
void check_fields(json_file const& file);

/// The parts of a tokenizer.json; each reads its component into `data` and refuses types it does not know by name.
/// @{
void read_normalizer(json_file const& file, json const& component, tokenizer_data& data);
void read_pre_tokenizer(json_file const& file, json const& component, tokenizer_data& data);
id_map read_model(json_file const& file, json const& component, tokenizer_data& data);
void read_post_processor(json_file const& file, json const& component, tokenizer_data& data);
void read_decoder(json_file const& file, json const* component, tokenizer_data& data);
/// @}

/// True if the pre-tokenizer maps bytes to GPT-2's alphabet.
bool is_byte_level(json_file const& file, json const* pre_tokenizer);

}  // namespace constformer::text
