#include "nanochat_folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/nanochat_names.hpp"
#include "../checkpoint/readers/nanochat_sizes.hpp"
#include "../checkpoint/readers/torch_write.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/error.hpp"
#include "named_tensors.hpp"
#include "nanochat_optimizer.hpp"
#include "nanochat_parameters.hpp"

namespace constformer::train {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

nanochat_sizes sizes_of(config const& model) {
  auto out = nanochat_sizes_of(model);
  if (!out) throw error("nanochat has no place for this model: it is of none of its eras");
  return *out;
}

// Behind the values of `t`, zeros.
std::vector<float> padded(tensor_view const& t, std::vector<std::int64_t> const& shape) {
  std::vector<float> out(static_cast<std::size_t>(count_of(shape)), 0.0F);
  std::memcpy(out.data(), t.bytes.data(), t.bytes.size());
  return out;
}

void write_tensors(fs::path const& file, learner_facts const& facts, learner& from) {
  owned_tensors const owned = to_tensors(facts, parameters_of(from));
  std::vector<std::vector<float>> values;
  values.reserve(owned.tensors.size());
  torch_writer out;
  out.pickle().begin_dict();
  for (tensor_view const& t : owned.tensors) {
    std::string const name = name_in_nanochat(t.name, facts.model->layers);
    auto shape = t.shape;
    if (is_nanochat_table(name)) shape[0] = nanochat_rows(static_cast<int>(shape[0]));
    auto const& kept = values.emplace_back(padded(t, shape));
    out.pickle().text(name);
    out.tensor(shape, kept);
  }
  out.pickle().end_dict();
  out.write(file);
}

ordered_json model_config(nanochat_sizes const& said) {
  return {{"sequence_len", said.sizes.positions}, {"vocab_size", said.sizes.vocab},   {"n_layer", said.sizes.layers},
          {"n_head", said.sizes.heads},           {"n_kv_head", said.sizes.kv_heads}, {"n_embd", said.sizes.d_model},
          {"window_pattern", said.window_pattern}};
}

// As nanochat's engine: a text ends with what the assistant ends, or where another begins.
void add_ids(ordered_json& out, tokenizer const* text) {
  if (text == nullptr) return;
  auto const bos = text->special().bos;
  ordered_json ends = ordered_json::array();
  if (auto const end = text->find("<|assistant_end|>")) ends.push_back(*end);
  if (bos) ends.push_back(*bos);
  if (text->special().eos && text->special().eos != bos) ends.push_back(*text->special().eos);
  out["bos_token_id"] = bos ? ordered_json(*bos) : ordered_json(nullptr);
  out["eos_token_id"] = std::move(ends);
}

// What nanochat's scripts are told by options of the same names, and what those after it take over.
ordered_json user_config(learner_facts const& facts, run_settings const& s) {
  ordered_json out{{"num_iterations", s.course.steps},
                   {"device_batch_size", facts.bounds.sequences},
                   {"max_seq_len", facts.bounds.tokens / facts.bounds.sequences},
                   {"total_batch_size", std::int64_t{facts.bounds.tokens} * s.course.accumulation},
                   {"eval_every", s.report.eval_interval}};
  if (!has_nanochat_optimizer(facts, s)) return out;
  out["matrix_lr"] = s.course.rate;
  out["scale_lr"] = s.optimizer.scale_rates;  // an option of ours
  out["warmup_steps"] = s.course.warmup;
  out["warmdown_ratio"] = s.course.warmdown;
  out["final_lr_frac"] = s.course.rate > 0.0 ? s.course.least_rate / s.course.rate : 0.0;
  auto const tell = [&](char const* key, double rate) {
    if (rate >= 0.0) out[key] = rate;
  };
  tell("embedding_lr", s.optimizer.embedding_rate);
  tell("unembedding_lr", s.optimizer.unembedding_rate);
  tell("scalar_lr", s.optimizer.scalar_rate);
  tell("weight_decay", s.optimizer.decay);
  return out;
}

std::string meta_text(learner_facts const& facts, run_settings const& s, run_position const& at,
                      tokenizer const* text) {
  std::int64_t const batch = facts.bounds.sequences;
  ordered_json out{{"step", at.step}};
  ordered_json const bits = at.bits_per_byte > 0.0 ? ordered_json(at.bits_per_byte) : ordered_json(nullptr);
  out["val_bpb"] = bits;
  out["model_config"] = model_config(sizes_of(*facts.model));
  out["user_config"] = user_config(facts, s);
  out["device_batch_size"] = batch;
  out["max_seq_len"] = facts.bounds.tokens / facts.bounds.sequences;
  out["total_batch_size"] = std::int64_t{facts.bounds.tokens} * s.course.accumulation;
  out["dataloader_state_dict"] = {
      {"pq_idx", 0}, {"rg_idx", nullptr}, {"epoch", 1}};  // its own data, from their beginning
  out["loop_state"] = {{"min_val_bpb", bits}, {"smooth_train_loss", 0.0}, {"total_training_time", 0.0}};
  out["logit_softcap"] = facts.model->logit_softcap;
  add_ids(out, text);
  return out.dump(2) + "\n";
}

std::string numbered_name(char const* kind, std::int64_t step, char const* end) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%06lld", static_cast<long long>(step));
  return std::string(kind) + "_" + digits.data() + end;
}

// The step of "model_000600.pt", "optim_000600_rank0.pt" or "meta_000600.json", or −1.
std::int64_t step_of(fs::path const& file) {
  std::string const name = file.filename().string();
  for (auto const& [begin, end] : {std::pair<std::string_view, std::string_view>("model_", ".pt"),
                                   std::pair<std::string_view, std::string_view>("optim_", "_rank0.pt"),
                                   std::pair<std::string_view, std::string_view>("meta_", ".json")}) {
    if (!name.starts_with(begin) || !name.ends_with(end)) continue;
    std::int64_t step = -1;
    char const* const last = name.data() + name.size() - end.size();
    auto const read = std::from_chars(name.data() + begin.size(), last, step);
    if (read.ec == std::errc() && read.ptr == last) return step;
  }
  return -1;
}

void remove_earlier(fs::path const& folder, std::int64_t step) {
  std::vector<fs::path> old;
  std::error_code failed;
  for (auto const& entry : fs::directory_iterator(folder, failed))
    if (std::int64_t const its = step_of(entry.path()); its >= 0 && its < step) old.push_back(entry.path());
  for (fs::path const& file : old) fs::remove(file, failed);
}

}  // namespace

void write_nanochat(fs::path const& folder, learner_facts const& facts, learner& from, run_settings const& settings,
                    run_position const& at, tokenizer const* text) {
  std::string const meta = meta_text(facts, settings, at, text);
  write_tensors(folder / numbered_name("model", at.step, ".pt"), facts, from);
  if (has_nanochat_optimizer(facts, settings))
    write_nanochat_optimizer(folder / numbered_name("optim", at.step, "_rank0.pt"), facts, from, settings, at);
  write_file(folder / numbered_name("meta", at.step, ".json"), meta);
  remove_earlier(folder, at.step);
}

}  // namespace constformer::train
