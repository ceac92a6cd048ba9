// The engine on random weights: batches, single tokens, rewinding and any number of threads give the same, and misuse
// is told.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "constformer/config/families.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "reference.hpp"

namespace constformer::configs {
namespace {

constexpr config small_decoder = llama(
    {.layers = 3, .d_model = 40, .heads = 6, .kv_heads = 2, .head_dim = 10, .d_ff = 52, .vocab = 77, .positions = 300});
constexpr config small_bf16 = with(small_decoder, [](config& c) { c.kv_dtype = dtype::bf16; });
constexpr config small_i8 = with(small_decoder, [](config& c) { c.kv_dtype = dtype::i8; });
constexpr config small_learned = gpt2({.layers = 2, .d_model = 48, .heads = 3, .vocab = 77, .positions = 300});
constexpr config small_windowed = with(small_decoder, [](config& c) { c.window = 19; });
constexpr config small_dynamic = with(small_decoder, [](config& c) {
  c.rope.scaling = rope_scaling_kind::dynamic;
  c.rope.factor = 4;
  c.rope.original_positions = 30;
});
constexpr config small_sandwich = with(
    gemma2({.layers = 3, .d_model = 40, .heads = 6, .kv_heads = 2, .head_dim = 10, .vocab = 77, .positions = 300}, 19),
    [](config& c) { c.qk_norm = true; });
constexpr config small_prefixed =
    with(chatglm_6b({.layers = 3, .d_model = 48, .heads = 4, .vocab = 77, .positions = 300},
                    {.end = 76, .blank = 75, .other_blank = 74}),
         [](config& c) { c.capacity = 290; });
constexpr config small_encoder =
    with(bert({.layers = 2, .d_model = 24, .heads = 3, .d_ff = 40, .vocab = 50, .positions = 70}),
         [](config& c) { c.norm_eps = 1e-5F; });
// What all heads read, a label for each token, and one for masked tokens.
constexpr config small_reader = with(small_encoder, [](config& c) {
  c.labels = 3;
  c.classifier = classifier_kind::tokens;
});
constexpr config small_filler = with(small_encoder, [](config& c) { c.head = head_kind::masked_language_model; });
// Above 32 MiB by its head: weights that are summed up as they are read.
constexpr config large_decoder = llama({.layers = 2,
                                        .d_model = 272,
                                        .heads = 4,
                                        .kv_heads = 2,
                                        .head_dim = 10,
                                        .d_ff = 500,
                                        .vocab = 32000,
                                        .positions = 300});
// Two sides of different depth, heads and vocabulary, positions by distance on one and all the options of the other
// family.
constexpr config small_t5 =
    with(t5_v1_1({.layers = 3, .d_model = 24, .heads = 3, .head_dim = 10, .d_ff = 20, .vocab = 45, .positions = 200}),
         [](config& c) { c.encoder.layers = 2; });
constexpr config small_t5_bf16 = with(small_t5, [](config& c) { c.kv_dtype = dtype::bf16; });
constexpr config small_marian = with(small_t5, [](config& c) {
  c.norm = norm_kind::layer_norm;
  c.place = norm_place::post;
  c.norm_bias = c.bias_qkv = c.bias_attention_output = c.bias_ffn = c.bias_head = true;
  c.scale_scores = c.tied = true;
  c.gated = false;
  c.position = position_kind::sinusoid_halves;
  c.relative = {};
  c.embedding_scale = 4.9F;
  c.encoder = {.layers = 1, .heads = 2, .head_dim = 12, .d_ff = 31, .vocab = 61};
});

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

template <config const& Config>
struct random_model {
  std::vector<float> weights;

  // Small random values wherever the plan writes; the padding stays 0, as packing leaves it.
  random_model() : weights(static_cast<std::size_t>(packed_layout_of(Config).bytes) / sizeof(float)) {
    pack_plan const plan = pack_plan_of(Config);
    std::uint32_t seed = 1;
    for (pack_step const& step : plan.view()) {
      for (int layer = 0; layer < step.layers; ++layer) fill(step, layer, seed++);
    }
  }

  void fill(pack_step const& step, int layer, std::uint32_t seed) {
    auto const cols = static_cast<std::size_t>(std::max(step.cols, 1));
    auto const values =
        reference::random_floats(static_cast<std::size_t>(step.rows) * cols, seed, step.cols == 0 ? 0.3F : 0.2F);
    std::size_t const base = static_cast<std::size_t>(step.offset + layer * step.layer_stride) / sizeof(float);
    for (int row = 0; row < step.rows; ++row) {
      auto const to = static_cast<std::size_t>(packed_row(step, Config.head_dim, row));
      for (std::size_t k = 0; k < cols; ++k) {
        std::size_t const at =
            step.kind == packed_kind::panels
                ? static_cast<std::size_t>(element_of(dtype::f32, {step.matrix_rows, step.cols},
                                                      static_cast<std::int64_t>(to), static_cast<std::int64_t>(k)))
            : step.kind == packed_kind::rows ? to * static_cast<std::size_t>(padded(step.cols)) + k
                                             : to;
        weights[base + at] = values[static_cast<std::size_t>(row) * cols + k];
      }
    }
  }

  [[nodiscard]] static constexpr config const& configuration() { return Config; }

  [[nodiscard]] std::unique_ptr<session> start(session_options const& options = {}) const {
    return start_session<Config>(reinterpret_cast<std::byte const*>(weights.data()), options);
  }
};

std::vector<int> some_ids(int count, int vocab) {
  std::vector<int> ids;
  for (int i = 0; i < count; ++i) ids.push_back((i * 31 + 7) % vocab);
  return ids;
}

std::vector<float> copy_of(std::span<float const> values) { return {values.begin(), values.end()}; }

double gap(std::vector<float> const& a, std::vector<float> const& b) {
  return reference::distance(a, std::vector<double>(b.begin(), b.end()));
}

using decoder = random_model<configs::small_decoder>;
using bf16_decoder = random_model<configs::small_bf16>;
using i8_decoder = random_model<configs::small_i8>;
using encoder = random_model<configs::small_encoder>;
using t5_model = random_model<configs::small_t5>;
using marian_model = random_model<configs::small_marian>;

TEST_CASE("a prompt in one batch, in several and token by token gives the same logits") {
  decoder const model;
  auto const ids = some_ids(200, 77);  // more than one batch of 128
  auto const whole = model.start();
  auto const expected = copy_of(whole->append(ids));
  CHECK(whole->position() == 200);

  auto const pieces = model.start();
  pieces->append(std::span(ids).first(37));
  pieces->append(std::span(ids).subspan(37, 1));
  CHECK(copy_of(pieces->append(std::span(ids).subspan(38))) == expected);

  auto const single = model.start();
  std::vector<float> last;
  for (int const& id : ids) last = copy_of(single->append(std::span(&id, 1)));
  CHECK(last == expected);
}

TEST_CASE("score gives the logits of every row") {
  decoder const model;
  auto const ids = some_ids(30, 77);
  auto const one = model.start();
  std::vector<std::vector<float>> rows;
  one->score(ids, [&](int row, std::span<float const> logits) {
    CHECK(row == static_cast<int>(rows.size()));
    rows.push_back(copy_of(logits));
  });
  REQUIRE(rows.size() == 30);
  auto const other = model.start();
  for (std::size_t i = 0; i < ids.size(); ++i) CHECK(copy_of(other->append(std::span(&ids[i], 1))) == rows[i]);
}

// Logits of a prompt that is read at once, and of a token after it.
template <class Model>
std::vector<float> read_all(Model const& model, int threads) {
  auto const ids = some_ids(150, 77);
  auto const s = model.start({.threads = threads, .capacity = 0});
  auto out = copy_of(s->append(std::span(ids).first(149)));
  auto const last = s->append(std::span(ids).last(1));
  out.insert(out.end(), last.begin(), last.end());
  return out;
}

TEST_CASE("keys and values kept in fewer bits move the logits a little, and no bit more on other threads") {
  auto const expected = read_all(decoder(), 1);
  auto const check = [&]<class Model>(Model const& model, double least, double most) {
    auto const one = read_all(model, 1);
    CHECK(gap(one, expected) > least);
    CHECK(gap(one, expected) < most);
    for (int threads : {2, 5}) CHECK(read_all(model, threads) == one);
  };
  check(bf16_decoder(), 1e-5, 5e-3);
  check(i8_decoder(), 1e-5, 1e-2);
}

TEST_CASE("any number of threads gives the same bits") {
  decoder const model;
  encoder const reader;
  auto const ids = some_ids(150, 50);
  auto const logits = [&](int threads) {
    auto const s = model.start({.threads = threads, .capacity = 0});
    s->append(ids);
    return copy_of(s->append(std::span(ids).first(1)));
  };
  auto const hidden = [&](int threads) {
    auto const s = reader.start({.threads = threads, .capacity = 0});
    auto out = copy_of(s->encode(std::span(ids).first(61), {}));
    auto const pooled = s->pool();
    out.insert(out.end(), pooled.begin(), pooled.end());
    return out;
  };
  auto const one = logits(1);
  auto const one_hidden = hidden(1);
  for (int threads : {2, 3, 5}) {
    CHECK(logits(threads) == one);
    CHECK(hidden(threads) == one_hidden);
  }
}

// Writes down what it is told to sum up.
class noted_reading final : public first_reading {
 public:
  using bytes_range = std::pair<std::byte const*, std::byte const*>;

  bool sound = true;
  int rests = 0;
  std::vector<bytes_range> ranges;

  void map(std::span<std::byte const>) override {}
  void sum(std::span<std::byte const> bytes) override {
    std::lock_guard const lock(mutex_);
    if (!bytes.empty()) ranges.emplace_back(bytes.data(), bytes.data() + bytes.size());
  }
  void sum_rest(std::size_t, std::size_t) override {
    std::lock_guard const lock(mutex_);
    ++rests;
  }
  void require_sound() const override {
    if (!sound) throw error("weights are damaged");
  }

  // What touches is one.
  [[nodiscard]] std::vector<bytes_range> joined() const {
    auto sorted = ranges;
    std::ranges::sort(sorted);
    std::vector<bytes_range> out;
    for (auto const& range : sorted) {
      if (!out.empty()) REQUIRE(out.back().second <= range.first);  // no byte twice
      if (!out.empty() && out.back().second == range.first)
        out.back().second = range.second;
      else
        out.push_back(range);
    }
    return out;
  }

 private:
  std::mutex mutex_;
};

// Where the matrices of `model` are, in order; woven ones once.
template <config const& Config>
std::vector<noted_reading::bytes_range> matrices_of(random_model<Config> const& model) {
  auto const* const weights = reinterpret_cast<std::byte const*>(model.weights.data());
  noted_reading all;
  pack_plan const plan = pack_plan_of(Config);
  for (pack_step const& step : plan.view())
    for (int layer = 0; layer < step.layers && step.kind == packed_kind::panels && step.first_row == 0; ++layer)
      all.sum({weights + step.offset + layer * step.layer_stride,
               static_cast<std::size_t>(panel_bytes(Config.weights, step.matrix_rows, step.cols))});
  return all.joined();
}

TEST_CASE("the first pass has every matrix summed up once, and gives the same") {
  random_model<configs::large_decoder> const model;
  auto const matrices = matrices_of(model);
  for (int const rows : {1, 3, 20}) {
    auto const ids = some_ids(rows, 77);
    auto const expected = copy_of(model.start()->append(ids));
    for (int const threads : {1, 2, 3}) {
      auto const reading = std::make_shared<noted_reading>();
      auto const s = model.start({.threads = threads, .reading = reading});
      CHECK(copy_of(s->append(ids)) == expected);
      CHECK(reading->joined() == matrices);
      CHECK(reading->rests == threads);
      std::size_t const ranges = reading->ranges.size();
      s->append(ids);
      CHECK(reading->ranges.size() == ranges);
      CHECK(reading->rests == threads);
    }
  }
}

TEST_CASE("nothing is told of weights that are damaged, however often it is asked") {
  decoder const model;
  encoder const reader;
  t5_model const translator;
  auto const ids = some_ids(20, 45);
  auto const start = [](auto const& of) {
    auto const reading = std::make_shared<noted_reading>();
    reading->sound = false;
    return of.start({.threads = 2, .reading = reading});
  };
  auto const s = start(model);
  for (int times = 0; times < 2; ++times) {
    CHECK_THROWS_AS(s->append(ids), error);
    CHECK_THROWS_AS(s->step(std::span(ids).first(1)), error);
    CHECK_THROWS_AS(s->score(ids, [](int, std::span<float const>) { FAIL("logits are told"); }), error);
    CHECK_THROWS_AS(start(reader)->encode(ids, {}), error);
    auto const t = start(translator);
    t->start_source(ids);
    CHECK_THROWS_AS(t->append(ids), error);
  }
}

// The first parameter of that name becomes `value` throughout row `row` of its table or at that place of its vector.
template <class Model>
void poison(Model& model, std::string_view parameter, int row, float value) {
  pack_plan const plan = pack_plan_of(model.configuration());
  for (pack_step const& step : plan.view()) {
    if (step.parameter.view() != parameter) continue;
    bool const vector = step.kind == packed_kind::vector;
    std::size_t const width = vector ? 1 : static_cast<std::size_t>(padded(step.cols));
    std::size_t const first =
        static_cast<std::size_t>(step.offset) / sizeof(float) + static_cast<std::size_t>(row) * width;
    std::fill_n(model.weights.begin() + static_cast<std::ptrdiff_t>(first),
                vector ? 1 : static_cast<std::ptrdiff_t>(step.cols), value);
    return;
  }
  FAIL("no parameter " << parameter);
}

std::string sentence_of_append(session& s, std::vector<int> const& ids) {
  try {
    s.append(ids);
  } catch (error const& problem) {
    return problem.what();
  }
  return "no error";
}

template <class Model>
void check_poisoned_token() {
  Model model;
  poison(model, "tokens.weight", 5, std::numeric_limits<float>::quiet_NaN());
  auto const s = model.start({.threads = 2, .sequences = 2});
  // Attention multiplies what a query does not see by 0, which is no number either: any row of the pass may be named.
  std::string const sentence = sentence_of_append(*s, {1, 2, 5, 3});
  CHECK(sentence.starts_with("the hidden state after the last layer at position "));
  CHECK(sentence.ends_with(" is not finite: value 0 of 40 is not a number"));
  s->rewind(0);
  CHECK(sentence_of_append(*s, {1, 2, 3}) == "no error");
  CHECK_THROWS_AS(s->step(std::vector{5, 1}), error);
  CHECK_THROWS_AS(model.start()->score(std::vector{1, 5}, [](int, std::span<float const>) { FAIL("told"); }), error);
}

TEST_CASE("numbers that are not finite are named with their place, and none is told") {
  check_poisoned_token<decoder>();
  check_poisoned_token<bf16_decoder>();
  check_poisoned_token<i8_decoder>();

  encoder reader;
  poison(reader, "tokens.weight", 5, std::numeric_limits<float>::infinity());
  CHECK_THROWS_AS(reader.start()->encode(std::vector{1, 5}, {}), error);
}

TEST_CASE("a logit of minus infinity is none that is wrong") {
  marian_model model;
  poison(model, "decoder.head.bias", 7, -std::numeric_limits<float>::infinity());
  auto const s = model.start();
  s->start_source(some_ids(9, 61));
  auto const logits = s->append(std::vector{1, 2});
  CHECK(std::isinf(logits[7]));
  CHECK(std::isfinite(logits[8]));
}

template <class Model>
void check_translator(Model const& model, int source_vocab) {
  auto const source = some_ids(75, source_vocab);
  auto const target = some_ids(70, 45);
  auto const logits = [&](int threads, std::vector<int> const& read) {
    auto const s = model.start({.threads = threads, .capacity = 0});
    s->start_source(read);
    return copy_of(s->append(target));
  };
  auto const expected = logits(1, source);
  for (int threads : {2, 3, 5}) CHECK(logits(threads, source) == expected);
  CHECK(gap(logits(1, some_ids(74, source_vocab)), expected) > 1e-4);

  auto const s = model.start();
  s->start_source(some_ids(20, source_vocab));
  s->append(std::span(target).first(9));
  s->start_source(source);
  CHECK(s->position() == 0);
  std::vector<float> last;
  for (int const& id : target) last = copy_of(s->append(std::span(&id, 1)));
  CHECK(last == expected);
  std::vector<std::vector<float>> rows;
  s->rewind(0);
  s->score(target, [&](int, std::span<float const> row) { rows.push_back(copy_of(row)); });
  CHECK(rows.back() == expected);
}

TEST_CASE("a target is made from its source, whatever the threads and the batches") {
  check_translator(t5_model(), 45);
  check_translator(marian_model(), 61);
  check_translator(random_model<configs::small_t5_bf16>(), 45);
}

TEST_CASE("rewinding forgets exactly what came after") {
  decoder const model;
  auto const ids = some_ids(40, 77);
  auto const s = model.start();
  s->append(std::span(ids).first(20));
  auto const expected = copy_of(s->append(std::span(ids).subspan(20, 1)));
  s->append(std::span(ids).subspan(25, 10));
  s->rewind(20);
  CHECK(s->position() == 20);
  CHECK(copy_of(s->append(std::span(ids).subspan(20, 1))) == expected);
}

// What `sequences` conversations of different prompts and lengths give, each alone.
struct conversation {
  std::vector<int> prompt;
  std::vector<int> more;
};

std::vector<conversation> conversations() {
  std::vector<conversation> all;
  for (int length : {1, 15, 16, 17, 40, 131, 64}) {
    auto const ids = some_ids(length + 20, 77 - length % 7);
    all.push_back({{ids.begin(), ids.begin() + length}, {ids.begin() + length, ids.end()}});
  }
  return all;
}

template <class Model>
std::vector<std::vector<float>> alone(Model const& model, conversation const& c) {
  auto const s = model.start();
  s->append(c.prompt);
  std::vector<std::vector<float>> rows;
  for (int const& id : c.more) rows.push_back(copy_of(s->append(std::span(&id, 1))));
  return rows;
}

template <class Model>
void check_side_by_side(int threads) {
  Model const model;
  auto const all = conversations();
  auto const s = model.start({.threads = threads, .capacity = 0, .sequences = static_cast<int>(all.size())});
  for (std::size_t i = 0; i < all.size(); ++i) s->append(static_cast<int>(i), all[i].prompt);
  std::vector<std::vector<std::vector<float>>> expected;
  for (auto const& c : all) expected.push_back(alone(model, c));
  for (std::size_t t = 0; t < 20; ++t) {
    std::vector<int> ids;
    for (auto const& c : all) ids.push_back(c.more[t]);
    auto const rows = s->step(ids);
    REQUIRE(rows.rows == static_cast<int>(all.size()));
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(copy_of(rows[static_cast<int>(i)]) == expected[i][t]);
  }
}

TEST_CASE("sequences side by side give the bits that each gives alone") {
  for (int threads : {1, 3}) {
    check_side_by_side<decoder>(threads);
    check_side_by_side<random_model<configs::small_learned>>(threads);
    check_side_by_side<random_model<configs::small_windowed>>(threads);
    check_side_by_side<random_model<configs::small_dynamic>>(threads);
    check_side_by_side<random_model<configs::small_sandwich>>(threads);
    check_side_by_side<bf16_decoder>(threads);
    check_side_by_side<i8_decoder>(threads);
  }
}

template <class Model>
void check_forks() {
  Model const model;
  constexpr int beams = 4;
  auto const s = model.start({.threads = 2, .capacity = 60, .sequences = beams});
  std::vector<std::vector<int>> read(beams);
  read[0] = some_ids(21, 77);
  s->append(0, read[0]);
  std::uint32_t seed = 5;
  auto const random = [&seed](int below) {
    seed = seed * 1664525 + 1013904223;
    return static_cast<int>((seed >> 8) % static_cast<std::uint32_t>(below));
  };
  std::vector<int> parents(beams, 0);
  for (int t = 0; t < 39; ++t) {
    s->fork(parents);
    auto const before = read;
    std::vector<int> ids;
    for (std::size_t i = 0; i < beams; ++i) {
      ids.push_back(random(77));
      read[i] = before[static_cast<std::size_t>(parents[i])];
      read[i].push_back(ids.back());
    }
    auto const rows = s->step(ids);
    for (int i = 0; i < beams; ++i) {
      auto const single = model.start({.threads = 1, .capacity = 60});
      auto const& whole = read[static_cast<std::size_t>(i)];
      single->append(std::span(whole).first(21));
      std::vector<float> last;
      for (std::size_t k = 21; k < whole.size(); ++k) last = copy_of(single->append(std::span(&whole[k], 1)));
      CHECK(copy_of(rows[i]) == last);
      CHECK(s->position(i) == static_cast<int>(whole.size()));
      parents[static_cast<std::size_t>(i)] = random(beams);
    }
  }
  s->fork(std::vector{3});
  CHECK(s->position(0) == 60);
  CHECK(s->position(1) == 0);
}

TEST_CASE("forked sequences go on as if each had read it all by itself") {
  check_forks<decoder>();
  check_forks<bf16_decoder>();
  check_forks<i8_decoder>();
}

TEST_CASE("a sequence that is rewound into a shared block does not write into what others read") {
  decoder const model;
  auto const ids = some_ids(40, 77);
  auto const s = model.start({.threads = 1, .capacity = 64, .sequences = 2});
  s->append(0, std::span(ids).first(30));
  s->fork(std::vector{0, 0});
  s->rewind(1, 10);
  s->append(1, std::span(ids).subspan(33, 7));
  auto const expected = [&] {
    auto const single = model.start();
    single->append(std::span(ids).first(30));
    return copy_of(single->append(std::span(ids).subspan(30, 1)));
  }();
  CHECK(copy_of(s->append(0, std::span(ids).subspan(30, 1))) == expected);
}

TEST_CASE("sessions of one model do not disturb each other") {
  decoder const model;
  auto const ids = some_ids(16, 77);
  auto const alone = model.start();
  auto const expected = copy_of(alone->append(ids));
  auto const a = model.start();
  auto const b = model.start();
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    a->append(std::span(&ids[i], 1));
    b->append(std::span(&ids[ids.size() - 1 - i], 1));
  }
  CHECK(copy_of(a->append(std::span(&ids.back(), 1))) == expected);
}

TEST_CASE("a prefix is seen by all of its tokens, also in sequences side by side") {
  random_model<configs::small_prefixed> const model;
  auto const asked = [](int question, int blank, int first) {
    auto ids = some_ids(question, 70);
    ids.insert(ids.end(), {blank, 76, first});
    return ids;
  };
  std::vector<conversation> const all{{asked(20, 75, 3), {1, 2, 3}}, {asked(150, 74, 4), {4, 5, 6}}};
  auto const s = model.start({.threads = 2, .capacity = 0, .sequences = 4});
  for (int i : {0, 1}) s->append(i, all[static_cast<std::size_t>(i)].prompt);
  s->fork(std::vector{1, 0, 1});
  for (std::size_t t = 0; t < 3; ++t) {
    auto const rows = s->step(std::vector{all[1].more[t], all[0].more[t], all[1].more[t]});
    for (int i : {0, 1, 2}) CHECK(copy_of(rows[i]) == alone(model, all[i == 1 ? 0 : 1])[t]);
  }
  // The first token sees the question's last one, so a change there changes its logits, which a causal mask would not
  // let it.
  auto changed = all[0].prompt;
  changed[19] = (changed[19] + 1) % 70;
  std::vector<std::vector<float>> first(2);
  auto const single = model.start();
  for (std::size_t i = 0; i < 2; ++i) {
    single->rewind(0);
    single->score(i == 0 ? all[0].prompt : changed, [&](int row, std::span<float const> logits) {
      if (row == 0) first[i] = copy_of(logits);
    });
  }
  CHECK(gap(first[0], first[1]) > 1e-4);
}

TEST_CASE("a text without a prefix is refused, and so is half of one") {
  random_model<configs::small_prefixed> const model;
  auto const s = model.start();
  using Catch::Matchers::Message;
  CHECK_THROWS_MATCHES(s->append(std::vector{1, 75, 2}), error,
                       Message("the text has no token 76, which ends the part that all tokens see"));
  CHECK_THROWS_MATCHES(s->append(std::vector{1, 76, 2}), error,
                       Message("the text has none of the tokens 75 and 74, in whose place the answer stands"));
  CHECK_THROWS_MATCHES(s->step(std::vector{76}), error,
                       Message("a text of one token has no prefix that all tokens see"));
  s->append(std::vector{1, 2, 75, 76, 3});
  CHECK_THROWS_MATCHES(s->rewind(2), error, Message("cannot rewind to position 2, all tokens see the first 3"));
  s->rewind(3);
  s->append(std::vector{76, 3});
  s->rewind(0);
  CHECK(s->position() == 0);
}

TEST_CASE("an encoder's result does not depend on what it read before, and segments count") {
  encoder const model;
  auto const ids = some_ids(33, 50);
  auto const s = model.start();
  auto const expected = copy_of(s->encode(ids, {}));
  s->encode(some_ids(64, 50), {});
  CHECK(copy_of(s->encode(ids, {})) == expected);
  std::vector<int> segments(33, 0);
  CHECK(copy_of(s->encode(ids, segments)) == expected);
  segments[30] = 1;
  CHECK_FALSE(copy_of(s->encode(ids, segments)) == expected);
}

template <config const& Config>
void check_texts_side_by_side(int threads) {
  random_model<Config> const model;
  auto const ids = some_ids(Config.capacity, Config.vocab);
  std::vector<std::vector<int>> texts, segments;
  for (int const length : {17, 1, 16, 2, 9, 1, 22}) {
    int const first = static_cast<int>(texts.size());
    texts.emplace_back(ids.begin() + first, ids.begin() + first + length);
    segments.emplace_back(length % 2 == 0 ? 0 : length, length > 5 ? 1 : 0);
  }
  std::vector<encoder_text> views;
  for (std::size_t i = 0; i < texts.size(); ++i) views.push_back({texts[i], segments[i]});
  auto const told = [](session& s) {
    auto out = copy_of(s.encoded());
    auto const add = [&](std::span<float const> more) { out.insert(out.end(), more.begin(), more.end()); };
    if (Config.pooler) add(s.pool());
    if (Config.labels > 0) add(s.classify());
    if (Config.head == head_kind::masked_language_model)
      s.fill([&](int, std::span<float const> logits) { add(logits); });
    return out;
  };
  auto const one = model.start();
  auto const many = model.start({.threads = threads, .sequences = 7});
  for (std::size_t count : {std::size_t{7}, std::size_t{3}}) {
    many->encode_all(std::span(views).last(count));
    for (std::size_t i = 0; i < count; ++i) {
      auto const& text = views[views.size() - count + i];
      many->look_at(static_cast<int>(i));
      one->encode(text.ids, text.segments);
      CHECK(told(*many) == told(*one));
    }
  }
  using Catch::Matchers::Message;
  auto const whole = std::vector<encoder_text>(3, {std::span(ids).first(30), {}});
  CHECK_THROWS_MATCHES(many->encode_all(whole), error, Message("context of 90 tokens is above the capacity of 70"));
  CHECK_THROWS_MATCHES(many->encoded(), error, Message("encoded: no sequence has been encoded"));
  CHECK_THROWS_MATCHES(one->encode_all(std::span(views).first(2)), error,
                       Message("sequences=2 is not between 1 and 1"));
}

TEST_CASE("texts that an encoder reads side by side give the bits that each gives alone") {
  for (int const threads : {1, 3}) {
    check_texts_side_by_side<configs::small_encoder>(threads);
    check_texts_side_by_side<configs::small_reader>(threads);
    check_texts_side_by_side<configs::small_filler>(threads);
  }
}

TEST_CASE("misuse is told with both numbers") {
  using Catch::Matchers::Message;
  decoder const model;
  encoder const reader;
  auto const s = model.start({.threads = 1, .capacity = 8});
  auto const e = reader.start();
  std::vector<int> const high{3, 77};
  std::vector<int> const low{-1};
  auto const nine = some_ids(9, 77);
  CHECK_THROWS_MATCHES(s->append(high), error, Message("id 77 at place 1 is not within the vocabulary of 77"));
  CHECK_THROWS_MATCHES(s->append(low), error, Message("id -1 at place 0 is not within the vocabulary of 77"));
  CHECK_THROWS_MATCHES(s->append({}), error, Message("no tokens were given"));
  CHECK_THROWS_MATCHES(s->append(nine), error, Message("context of 9 tokens is above the capacity of 8"));
  CHECK_THROWS_MATCHES(s->rewind(1), error, Message("cannot rewind to position 1, the cache holds 0 tokens"));
  CHECK_THROWS_MATCHES(s->encode(nine, {}), error, Message("encode: this model is a decoder"));
  CHECK_THROWS_MATCHES(s->pool(), error, Message("pool: this model has no pooler"));
  CHECK_THROWS_MATCHES(e->append(nine), error, Message("append: this model is an encoder"));
  CHECK_THROWS_MATCHES(e->pool(), error, Message("pool: no sequence has been encoded"));
  CHECK_THROWS_MATCHES(e->encode(std::vector{1, 2}, std::vector{0}), error, Message("1 segments were given for 2 ids"));
  CHECK_THROWS_MATCHES(e->encode(std::vector{1}, std::vector{2}), error,
                       Message("segment 2 is not within the 2 of the model"));
  CHECK_THROWS_MATCHES(s->append(1, high), error, Message("sequence 1 is not within the 1 of the session"));
  CHECK_THROWS_MATCHES(s->step(std::vector{1, 2}), error, Message("2 tokens are given, the session holds 1 sequences"));
  CHECK_THROWS_MATCHES(s->fork(std::vector{0, 0}), error, Message("2 sequences are asked for, the session holds 1"));
  CHECK_THROWS_MATCHES(s->fork(std::vector{-1}), error, Message("sequence -1 is not within the 1 of the session"));
  CHECK_THROWS_MATCHES(e->step(std::vector{1}), error, Message("step: this model is an encoder"));
  CHECK_THROWS_MATCHES(s->encode_all({}), error, Message("encode_all: this model is a decoder"));
  CHECK_THROWS_MATCHES(s->look_at(0), error, Message("look_at: this model is a decoder"));
  CHECK_THROWS_MATCHES(s->encoded(), error, Message("encoded: this model is a decoder"));
  CHECK_THROWS_MATCHES(model.start({.threads = 1, .capacity = 301}), error,
                       Message("context of 301 tokens is not within the compiled capacity of 300"));
  CHECK_THROWS_MATCHES(model.start({.threads = 0, .capacity = 0}), error,
                       Message("threads=0 is not between 1 and 256"));
  CHECK(s->position() == 0);

  marian_model const translator;
  auto const t = translator.start({.threads = 1, .capacity = 8});
  CHECK_THROWS_MATCHES(t->append(low), error, Message("append: no source has been given"));
  CHECK_THROWS_MATCHES(t->start_source(some_ids(9, 61)), error,
                       Message("context of 9 tokens is above the capacity of 8"));
  CHECK_THROWS_MATCHES(t->start_source({}), error, Message("no tokens were given"));
  CHECK_THROWS_MATCHES(t->start_source(std::vector{61}), error,
                       Message("id 61 at place 0 is not within the vocabulary of 61"));
  CHECK_THROWS_MATCHES(s->start_source(low), error,
                       Message("start_source: this model has no encoder beside a decoder"));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
