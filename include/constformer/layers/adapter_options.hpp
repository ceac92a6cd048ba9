#pragma once

namespace constformer {

/// Adapters of low rank (LoRA, arXiv:2106.09685) of a transformer: what they are like, and which linear layers of its
/// blocks have one.
struct adapter_options {
  int rank = 0;                ///< columns between their two matrices
  float scale = 1.0F;          ///< of what they add: alpha/rank
  float dropout = 0.0F;        ///< of what they take, while the model learns
  bool query = false;          ///< attention's
  bool key = false;            ///< attention's
  bool value = false;          ///< attention's
  bool output = false;         ///< attention's
  bool gate = false;           ///< the feed-forward layer's, if it is gated
  bool up = false;             ///< the feed-forward layer's
  bool down = false;           ///< the feed-forward layer's
  bool joint_qkv = false;      ///< one for query, key and value, which are one matrix in files (GPT-2)
  bool joint_gate_up = false;  ///< one for gate and up, which are one matrix in files (Phi-3)
};

/// The same where query, key and value are never one matrix: in cross-attention.
[[nodiscard]] constexpr adapter_options separate(adapter_options adapters) {
  adapters.joint_qkv = false;
  return adapters;
}

}  // namespace constformer
