#pragma once

#include "constformer/config/config.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/layers/transformer.hpp"

namespace constformer {

/// A traced model that is trained.
template <class Model>
struct trained_model {
  using type = Model;                                  ///< what learns
  static constexpr config const* described = nullptr;  ///< its config: none
};

/// The model of a config.
template <config const& Config>
struct trained_config {
  using type = model_parameters<Config>;               ///< what learns
  static constexpr config const* described = &Config;  ///< its config
};

/// The model of a config whose linear layers have adapters.
template <config const& Config, adapter_options Adapters>
struct adapted_config {
  using type = model_parameters<Config, Adapters>;     ///< what learns
  static constexpr config const* described = &Config;  ///< its config
};

/// What a name stands for, be it that of a type or of a config: decltype(model_of<NAME>()). Only declared.
template <class Model>
trained_model<Model> model_of();
/// @copydoc model_of
template <config const& Config>
trained_config<Config> model_of();

}  // namespace constformer
