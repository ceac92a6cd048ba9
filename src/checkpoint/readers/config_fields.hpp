#pragma once

#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "json.hpp"

// What the readers of config.json share. Defaults of the readers are those of transformers' configuration_*.py (5.23).
// What a family's modelling code there never reads is not read here either: attention_bias of a Mistral, sliding_window
// of a Llama, every dropout.

namespace constformer {

/// The activation of `field`, or of the name `otherwise`; one that `config` does not have is refused.
[[nodiscard]] activation_kind activation_of(json_fields const& fields, std::string_view field,
                                            std::string_view otherwise);

/// Refuses a field that is true: arithmetic that `config` cannot say.
void refuse_flag(json_fields const& fields, std::string_view field);

/// The size under its own name or the one that transformers takes for it as well; they must agree where both are there.
[[nodiscard]] int extent_of(json_fields const& fields, std::string_view field, std::string_view alias);
[[nodiscard]] int extent_of(json_fields const& fields, std::string_view field, std::string_view alias, int otherwise);

/// dividend / divisor; refuses a remainder, naming both fields.
[[nodiscard]] int quotient(json_fields const& fields, std::string_view width, int dividend, std::string_view heads,
                           int divisor);

/// The layers of `count` that layer_types calls sliding_attention; the others must be full_attention. The field must be
/// there.
[[nodiscard]] layer_set sliding_layers(json_fields const& fields, int count);

/// Gives `c` a window on the `sliding` layers alone.
void set_window(config& c, int window, layer_set const& sliding);

}  // namespace constformer
