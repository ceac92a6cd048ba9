#include "pack_weights.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "constformer/checkpoint/manifest.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/core/error.hpp"
#include "pack_row.hpp"
#include "weight_choice.hpp"
#include "process.hpp"
#include "../checkpoint/hexadecimal.hpp"
#include "../checkpoint/readers/parameter_rows.hpp"

namespace constformer::command {

namespace {

// The largest magnitude that survives in a type: blocks have an f16 scale, those of K-quants times one of their own.
float largest_of(dtype type) {
  constexpr float half = 65504;
  if (type == dtype::f16) return half;
  if (type == dtype::q4_0) return half * 8;
  if (type == dtype::q8_0 || type == dtype::iq4_nl) return half * 127;
  if (type == dtype::q4_k) return half * 63 * 15;
  if (type == dtype::q5_k) return half * 63 * 31;
  if (type == dtype::q6_k) return half * 127 * 31;
  return std::numeric_limits<float>::max();
}

// A weight that is no number would make every text nonsense. −∞ in the head's bias forbids a token.
void require_finite(parameter_rows const& task, std::span<float const> values, std::int64_t first) {
  float const most = largest_of(task.step->type_in(task.layer));
  bool const bias = task.step->parameter.view().ends_with("head.bias");
  for (std::size_t i = 0; i < values.size(); ++i) {
    float const x = values[i];
    if (std::abs(x) <= most || (bias && x == -std::numeric_limits<float>::infinity())) continue;
    std::string const value = std::isnan(x) ? "not a number" : std::isinf(x) ? "infinite" : std::to_string(x);
    throw error("tensor " + task.tensor->name + shape_text(task.tensor->shape) + ": value " +
                std::to_string(first + static_cast<std::int64_t>(i)) + " is " + value +
                (std::isfinite(x) ? ", which " + std::string(name_of(task.step->type_in(task.layer))) + " cannot hold"
                                  : ", all weights must be finite"));
  }
}

// Writes one row of a parameter to its place in panels or rows.
void put_row(parameter_rows const& task, config const& model, int row, std::span<float const> values, std::byte* base) {
  pack_step const& step = *task.step;
  dtype const type = step.type_in(task.layer);
  std::int64_t const to = packed_row(step, model.head_dim, row);
  if (step.kind == packed_kind::rows)
    put_table_row(type, base, to, values);
  else
    put_panel_row(type, base, {step.matrix_rows, step.cols}, to, values);
}

// Whether what the file has can be taken as it is: its blocks hold what is wanted.
bool is_stored(parameter_rows const& task) {
  return !task.transposed && holds_exactly(task.step->type_in(task.layer), task.tensor->type) &&
         task.tensor->shape[1] == task.step->cols && task.step->cols % block_columns == 0;
}

void put_stored_rows(parameter_rows const& task, config const& model, std::byte* base) {
  pack_step const& step = *task.step;
  dtype const type = step.type_in(task.layer), stored = task.tensor->type;
  auto const bytes = static_cast<std::size_t>(bytes_of(stored, step.cols));
  std::vector<float> values(static_cast<std::size_t>(step.cols));
  for (int row = 0; row < step.rows; ++row) {
    read_rows_f32(*task.tensor, task.source(row), 1, values);
    require_finite(task, values, task.source(row) * step.cols);
    auto const blocks = task.tensor->bytes.subspan(static_cast<std::size_t>(task.source(row)) * bytes, bytes);
    std::int64_t const to = packed_row(step, model.head_dim, row);
    if (step.kind == packed_kind::rows)
      put_stored_table_row(type, base, to, stored, blocks);
    else
      put_stored_panel_row(type, base, {step.matrix_rows, step.cols}, to, stored, blocks);
  }
}

void pack_vector(parameter_rows const& task, config const& model, std::byte* base) {
  pack_step const& step = *task.step;
  std::vector<float> all(static_cast<std::size_t>(task.tensor->shape[0]));
  read_rows_f32(*task.tensor, 0, 1, all);
  require_finite(task, all, 0);
  for (int row = 0; row < step.rows; ++row)
    put_value(dtype::f32, base, packed_row(step, model.head_dim, row),
              all[static_cast<std::size_t>(task.source(row))] + step.addend);
}

void pack_matrix(parameter_rows const& task, config const& model, std::byte* base) {
  if (is_stored(task)) return put_stored_rows(task, model, base);
  constexpr std::int64_t batch = 64;  // rows at a time: transposed reads take 64 neighbours of each line
  pack_step const& step = *task.step;
  auto const cols = static_cast<std::size_t>(step.cols);
  std::vector<float> rows(batch * cols);
  int count = 0;
  for (int first = 0; first < step.rows; first += count) {
    count =
        static_cast<int>(std::min({batch, step.rows - std::int64_t{first}, task.source.run - first % task.source.run}));
    std::span<float> const some = std::span(rows).first(static_cast<std::size_t>(count) * cols);
    if (task.transposed) {
      read_columns_f32(*task.tensor, task.source(first), count, some);
      require_finite(task, some, task.source(first) * step.cols);
    } else {
      read_rows_f32(*task.tensor, task.source(first), count, some);
      require_finite(task, some, task.source(first) * step.cols);
    }
    for (int r = 0; r < count; ++r)
      put_row(task, model, first + r, some.subspan(static_cast<std::size_t>(r) * cols, cols), base);
  }
}

// Whether a vector's values are what is left when `addend` is added and taken off again, bit for bit.
bool survives(tensor_view const& t, float addend) {
  if (t.type != dtype::f32 && t.type != dtype::f16 && t.type != dtype::bf16) return true;  // widened, never given back
  std::vector<float> values(static_cast<std::size_t>(count_of(t.shape)));
  read_rows_f32(t, 0, 1, values);
  auto const width = static_cast<std::size_t>(group_of(t.type).bytes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::array<std::byte, 4> again{};
    put_value(t.type, again.data(), 0, (values[i] + addend) - addend);
    if (!std::ranges::equal(std::span(again).first(width), t.bytes.subspan(i * width, width))) return false;
  }
  return true;
}

void pack_one(parameter_rows const& task, config const& model, std::span<std::byte> out) {
  std::byte* const base = out.data() + task.step->offset_in(task.layer);
  if (task.step->kind == packed_kind::vector) {
    pack_vector(task, model, base);
  } else {
    pack_matrix(task, model, base);
  }
}

// What packing did not round is written back without rounding.
void unpack_one(parameter_rows const& task, config const& model, std::span<std::byte const> packed,
                tensor_place const& place) {
  pack_step const& step = *task.step;
  tensor_view const& t = *task.tensor;
  std::byte const* const base = packed.data() + step.offset_in(task.layer);
  std::byte* const values = place(t).data();
  dtype const type = step.type_in(task.layer);
  std::int64_t const width =
      step.kind == packed_kind::vector ? 1 : t.shape[1];  // from one row of the tensor to the next
  auto const value = [&](std::int64_t row, std::int64_t k) {
    if (step.kind == packed_kind::vector) return get_table_value(dtype::f32, base, 1, 0, row);
    return step.kind == packed_kind::rows ? get_table_value(type, base, step.cols, row, k)
                                          : get_panel_value(type, base, {step.matrix_rows, step.cols}, row, k);
  };
  for (int row = 0; row < step.rows; ++row) {
    std::int64_t const from = packed_row(step, model.head_dim, row);
    std::int64_t const to = task.source(row);
    for (std::int64_t k = 0; k < std::max(step.cols, 1); ++k)
      put_value(t.type, values, task.transposed ? k * width + to : to * width + k, value(from, k) - step.addend);
  }
}

// The tensor as its file has it, and whether its values follow from what is packed.
void describe_stored(checkpoint const& source, parameter_rows const& task, packed_tensor& out) {
  tensor_view const& t = *task.tensor;
  out.stored_type = name_of(t.type);
  // Tied tensors of torch files are the same bytes under several names.
  tensor_view const* stored = nullptr;
  for (tensor_view const& s : source.stored)
    if (s.bytes.data() == t.bytes.data() && (stored == nullptr || s.name == t.name)) stored = &s;
  if (stored != nullptr && stored->name != t.name) out.stored_name = stored->name;
  if (stored != nullptr && stored->shape != t.shape) out.stored_shape = stored->shape;
  if (task.step->addend != 0.0F && !survives(t, task.step->addend)) out.stored_bytes = hexadecimal(t.bytes);
}

}  // namespace

void unpack_weights(checkpoint const& target, config const& model, std::span<std::byte const> packed,
                    tensor_place const& place) {
  pack_plan const plan = pack_plan_of(model);
  for (parameter_rows const& task : parameter_rows_of(target, model, plan)) {
    throw_if_interrupted();
    unpack_one(task, model, packed, place);
  }
}

void pack_weights(checkpoint const& source, config const& model, std::span<std::byte> out) {
  pack_plan const plan = pack_plan_of(model);
  std::vector<parameter_rows> const tasks = parameter_rows_of(source, model, plan);
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  auto const work = [&] {
    try {
      for (std::size_t i = next++; i < tasks.size(); i = next++) {
        throw_if_interrupted();
        pack_one(tasks[i], model, out);
      }
    } catch (...) {
      std::scoped_lock const lock(guard);
      failure = std::current_exception();
    }
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  if (failure) std::rethrow_exception(failure);
}

void visit_matrices(checkpoint const& source, config const& model,
                    std::function<void(pack_step const&, int, tensor_view const&)> const& visit) {
  pack_plan const plan = pack_plan_of(model);
  for (parameter_rows const& task :
       parameter_rows_of(source, model, plan, [](pack_step const& step) { return step.typed; }))
    visit(*task.step, task.layer, *task.tensor);
}

void require_tensors(checkpoint const& source) {
  static_cast<void>(parameter_rows_of(source, source.model, pack_plan_of(source.model)));
}

std::vector<packed_tensor> packed_tensors(checkpoint const& source, config const& model) {
  pack_plan const plan = pack_plan_of(model);
  std::vector<packed_tensor> out;
  for (parameter_rows const& task : parameter_rows_of(source, model, plan)) {
    if (!out.empty() && out.back().name == task.tensor->name) continue;  // a further part of a fused tensor
    out.push_back({task.tensor->name, std::string(name_of(task.step->type_in(task.layer))), task.tensor->shape,
                   task.step->offset_in(task.layer)});
    describe_stored(source, task, out.back());
  }
  return out;
}

}  // namespace constformer::command
