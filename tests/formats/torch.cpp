#include "checkpoint/readers/torch.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "support.hpp"
#include "torch_writer.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

std::string refusal(std::string const& file) {
  made_bytes made;
  return sentence_of([&] { static_cast<void>(read_torch_state(bytes_of(file), "F", made)); });
}

std::string one(std::string const& tensor, std::vector<std::string> const& storages) {
  return torch_of(pickled_dict({{"t", tensor}}), storages);
}

std::vector<float> values_of(tensor_view const& tensor) {
  auto const [rows, columns] = matrix_of(tensor);
  std::vector<float> out(static_cast<std::size_t>(rows * columns));
  read_rows_f32(tensor, 0, rows, out);
  return out;
}

}  // namespace

TEST_CASE("a torch file", "[torch]") {
  std::string const file =
      torch_of(pickled_dict({{"_orig_mod.tied", pickled_tensor("FloatStorage", "0", 6, 0, {2, 3}, {3, 1})},
                             {"again", pickled_tensor("FloatStorage", "0", 6, 0, {2, 3}, {3, 1})},
                             {"turned", pickled_tensor("FloatStorage", "0", 6, 0, {3, 2}, {1, 3})},
                             {"column", pickled_tensor("FloatStorage", "0", 6, 1, {2, 1}, {3, 7})},
                             {"scalar", pickled_tensor("FloatStorage", "0", 6, 5, {}, {})},
                             {"nothing", pickled_tensor("HalfStorage", "1", 0, 0, {0, 4}, {4, 1})},
                             {"ids", pickled_tensor("LongStorage", "2", 2, 0, {2}, {1})},
                             {"small", pickled_typed_tensor("float8_e4m3fn", "3", 5, 5)},
                             {"words", pickled_typed_tensor("uint16", "4", 6, 3)}}),
               {counting(6), "", std::string(16, 'x'), "small", "words!"});
  made_bytes made;
  auto const content = read_torch_state(bytes_of(file), "F", made);
  REQUIRE(content.tensors.size() == 6);
  CHECK(content.tensors[0].name == "again");
  CHECK(content.tensors[1].name == "column");
  CHECK(values_of(content.tensors[1]) == std::vector<float>{1, 4});
  CHECK(content.tensors[2].bytes.empty());
  CHECK(values_of(content.tensors[3]) == std::vector<float>{5});
  CHECK(content.tensors[4].name == "tied");
  CHECK(content.tensors[4].bytes.data() == content.tensors[0].bytes.data());  // one storage, not a copy
  CHECK(values_of(content.tensors[5]) == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(made.size() == 2);
  REQUIRE(content.unread.size() == 3);
  CHECK(content.unread[0].type == "I64");
  CHECK(content.unread[0].bytes == 16);
  CHECK(content.unread[1].type == "F8_E4M3");
  CHECK(content.unread[1].bytes == 5);
  CHECK(content.unread[2].type == "U16");
  CHECK(content.unread[2].shape == std::vector<std::int64_t>{3});
}

TEST_CASE("damaged torch files are refused with one sentence", "[torch]") {
  std::string const four = counting(4);
  std::string const good = one(pickled_tensor("FloatStorage", "0", 4, 0, {2, 2}, {2, 1}), {four});
  REQUIRE(refusal(good) == "no error");
  struct {
    std::string file;
    std::string sentence;
  } const cases[]{
      {std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15),
       "F: was written by torch.save before torch 1.6, load it and save it again with a newer one"},
      {"PK\x03\x04", "F: has 4 bytes, a zip archive has at least 22"},
      {good.substr(0, good.size() - 30), "F: is a zip archive without its directory, it may have been cut off"},
      {zip_of({{"m/data/0", four}}), "F: is a zip archive without the data.pkl of torch.save"},
      {zip_of({{"m/data.pkl", "N."}, {"n/data.pkl", "N."}}), "F: holds two data.pkl"},
      {zip_of({{"m/data.pkl", "N."}, {"m/data.pkl", "N."}}), "F: has two entries m/data.pkl"},
      {zip_of({{"m/data.pkl", "N."}, {"m/constants.pkl", "N."}}),
       "F: is a TorchScript archive, a state_dict saved by torch.save is needed"},
      {zip_of({{"m/data.pkl", "N."}, {"m/byteorder", "big"}}), "F: was written on a big-endian machine"},
      {zip_of({{"m/data.pkl", "N.", 8}}),
       "F: its entry m/data.pkl is compressed, only entries that are stored as torch.save does are read"},
      {zip_of({{"m/data.pkl", "N.", 0, 1}}), "F: its entry m/data.pkl is encrypted"},
      {torch_of("cos\nsystem\n", {}),
       "F: data.pkl: asks for os.system at byte 2, only tensors, containers and scalars are read"},
      {torch_of("N", {}), "F: data.pkl: holds None, a dict of tensors is expected"},
      {torch_of(pickled_dict({{"t", "N"}}), {}), "F: data.pkl: t is None, a tensor is expected"},
      {torch_of("}NNs", {}), "F: data.pkl: a name of the state_dict is None, it must be a text"},
      {torch_of(pickled_dict({{"t", "ctorch\nFloatStorage\n"}}), {}), "F: data.pkl: t is a name, a tensor is expected"},
      {torch_of(pickled_dict({{"t", "ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR"}}), {}),
       "F: data.pkl: t has no storage"},
      {one(pickled_typed_tensor("complex32", "0", 16, 4), {four}),
       "F: data.pkl: asks for torch.complex32 at byte 155, only tensors, containers and scalars are read"},
      {one(pickled_typed_tensor("FloatStorage", "0", 16, 5), {four}), "F: t[5] has more values than its storage of 4"},
      {one(pickled_tensor("FloatStorage", "7", 4, 0, {4}, {1}), {four}), "F: t is in storage data/7, which is missing"},
      {one(pickled_tensor("FloatStorage", "0", 5, 0, {4}, {1}), {four}),
       "F: storage data/0 of t has 16 bytes, 5 values of F32 are expected"},
      {one(pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1}), {four + "x"}),
       "F: storage data/0 of t has 17 bytes, 4 values of F32 are expected"},
      {one(pickled_tensor("FloatStorage", "0", -4, 0, {4}, {1}), {four}), "F: data.pkl: t: its storage has -4 values"},
      {one(pickled_tensor("FloatStorage", "0", 4, -1, {4}, {1}), {four}), "F: data.pkl: t: its offset is -1"},
      {one(pickled_tensor("FloatStorage", "0", 4, 0, {-4}, {1}), {four}),
       "F: data.pkl: t: its shape holds -4, it must not be negative"},
      {one(pickled_tensor("FloatStorage", "0", 4, 0, {4}, {-1}), {four}),
       "F: data.pkl: t: its strides holds -1, it must not be negative"},
      {one(pickled_tensor("FloatStorage", "0", 4, 0, {2, 2}, {1}), {four}),
       "F: data.pkl: t has 2 extents and 1 strides"},
      {one(pickled_tensor("FloatStorage", "0", 4, 1, {2, 2}, {2, 1}), {four}),
       "F: t[2,2] at offset 1 with strides [2,1] reaches beyond its storage of 4 values"},
      {one(pickled_tensor("FloatStorage", "0", 4, 0, {2, 2}, {2147483647, 2147483647}), {four}),
       "F: t[2,2] at offset 0 with strides [2147483647,2147483647] reaches beyond its storage of 4 values"},
      {one(pickled_tensor("FloatStorage", "0", 4, 0, {1000000000, 1000000000, 1000000000}, {0, 0, 0}), {four}),
       "F: t[1000000000,1000000000,1000000000] has more values than its storage of 4"},
      {torch_of(pickled_dict({{"t", pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1})},
                              {"_orig_mod.t", pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1})}}),
                {four}),
       "F: holds t twice"},
  };
  for (auto const& c : cases) CHECK(refusal(c.file) == c.sentence);
}

TEST_CASE("many turned views of one storage are not copied without end", "[torch]") {
  std::vector<std::pair<std::string, std::string>> views;
  for (int i = 0; i < 400; ++i)
    views.emplace_back("t" + std::to_string(i), pickled_tensor("FloatStorage", "0", 10000, 0, {100, 100}, {1, 100}));
  CHECK(refusal(torch_of(pickled_dict(views), {counting(10000)})) ==
        "F: its tensors that are not contiguous take more than twice the bytes of the file");
}

TEST_CASE("a torch file cut anywhere, or with any byte of its directory changed", "[torch]") {
  std::string const file = one(pickled_tensor("FloatStorage", "0", 4, 0, {2, 2}, {2, 1}), {counting(4)});
  for (std::size_t size = 0; size < file.size(); ++size) CHECK(refusal(file.substr(0, size)) != "no error");
  std::size_t const pickle = file.find("data.pkl") + 8;
  for (std::size_t at = pickle; at < file.find("PK", pickle); ++at) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK(refusal(changed) == "F: its data.pkl is damaged, its checksum does not fit");
  }
  for (std::size_t at = file.rfind("PK\x01\x02"); at < file.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      static_cast<void>(refusal(changed));  // a sentence or the same tensors, never anything else
    }
}

TEST_CASE("options for what a file leaves open", "[torch][open]") {
  auto const matrix = [](int rows, int columns) {
    return pickled_tensor("FloatStorage", "0", 12288, 0, {rows, columns}, {columns, 1});
  };
  auto const vector = [](int size) { return pickled_tensor("FloatStorage", "0", 12288, 0, {size}, {1}); };
  auto const state = [&](int width) {
    return torch_of(pickled_dict({{"transformer.wte.weight", matrix(3, width)},
                                  {"transformer.wpe.weight", matrix(5, width)},
                                  {"transformer.h.0.ln_1.weight", vector(width)},
                                  {"transformer.h.0.attn.c_attn.weight", matrix(3 * width, width)},
                                  {"transformer.h.0.mlp.c_fc.weight", matrix(2 * width, width)}}),
                    {counting(12288)});
  };
  scratch_folder const folder;
  auto const path = folder.write("state.pt", state(32));
  auto const sentence = [&](open_options const& options) {
    return sentence_of([&] { static_cast<void>(open_checkpoint(path, options)); }, folder.path());
  };
  CHECK(sentence({}) == "state.pt: a state_dict does not say how many heads there are, --heads must (d_model is 32)");
  CHECK(sentence({.heads = 5}).find("attention: d_model=32 is not heads=5") != std::string::npos);
  auto const four = open_checkpoint(path, {.heads = 4});
  CHECK(four.model.heads == 4);
  CHECK(four.model.d_ff == 64);
  CHECK(four.model.positions == 5);
  CHECK_FALSE(four.model.bias_ffn);
  CHECK_FALSE(four.linear_in_out);
  CHECK(four.model.activation == activation_kind::gelu_tanh);
  REQUIRE(four.assumed.size() == 1);
  CHECK(four.assumed[0].field == "activation");
  auto const erf = open_checkpoint(path, {.heads = 4, .activation = activation_kind::gelu});
  CHECK(erf.model.activation == activation_kind::gelu);
  CHECK(erf.assumed.empty());
  auto const wide = open_checkpoint(folder.write("wide.pt", state(64)));
  CHECK(wide.model.heads == 1);
  CHECK(wide.assumed.size() == 2);
}

TEST_CASE("nanoGPT's model_args", "[torch][open]") {
  auto const nanogpt = [](std::string const& args) {
    return torch_of(pickled_dict({{"model", "}"}, {"model_args", args}}), {});
  };
  auto const args = [](int width, std::string const& bias) {
    return pickled_dict({{"n_layer", pickled(1)},
                         {"n_head", pickled(2)},
                         {"n_embd", pickled(width)},
                         {"block_size", pickled(8)},
                         {"bias", bias},
                         {"vocab_size", pickled(3)}});
  };
  scratch_folder const folder;
  auto const sentence = [&](std::string const& file) {
    auto const path = folder.write("ckpt.pt", file);
    return sentence_of([&] { static_cast<void>(open_checkpoint(path)); }, folder.path());
  };
  CHECK(sentence(nanogpt("}")) == "ckpt.pt: data.pkl: model_args: n_layer is missing");
  CHECK(sentence(nanogpt(args(0, "\x89"))) ==
        "ckpt.pt: data.pkl: model_args: n_embd is 0, it must be between 1 and 16777216");
  CHECK(sentence(nanogpt(args(4, "N"))) == "ckpt.pt: data.pkl: model_args: bias is None, it must be a boolean");
  CHECK(sentence(nanogpt(args(5, "\x89"))) == "ckpt.pt: attention: d_model=5 is not heads=2 times head_dim=2");
  auto const opened = open_checkpoint(folder.write("ckpt.pt", nanogpt(args(4, "\x89"))));
  CHECK(opened.format == checkpoint_format::nanogpt);
  CHECK_FALSE(opened.model.norm_bias);
  CHECK(opened.model.activation == activation_kind::gelu);
  CHECK(open_checkpoint(folder.write("ckpt.pt", nanogpt(args(4, "\x88")))).model.norm_bias);
  CHECK(sentence(torch_of("}", {})).starts_with("ckpt.pt: holds an empty dict that is neither a nanoGPT checkpoint"));
}

TEST_CASE("nanochat's own files: eras, padding and what is missing", "[torch][open]") {
  auto const matrix = [](int rows, int columns) {
    return pickled_tensor("FloatStorage", "0", 12288, 0, {rows, columns}, {columns, 1});
  };
  auto const vector = [](int size) { return pickled_tensor("FloatStorage", "0", 12288, 0, {size}, {1}); };
  using entries = std::vector<std::pair<std::string, std::string>>;
  auto const state = [&](entries more) {
    entries all{{"transformer.wte.weight", matrix(64, 36)}, {"transformer.h.0.attn.c_q.weight", matrix(36, 36)}};
    all.insert(all.end(), more.begin(), more.end());
    return torch_of(pickled_dict(all), {counting(12288)});
  };
  scratch_folder const folder;
  auto const meta = [&](std::string const& more) {
    folder.write("meta_000001.json",
                 R"({"model_config":{"sequence_len":1024,"vocab_size":50,"n_layer":3,"n_head":3,"n_kv_head":1,)"
                 R"("n_embd":36)" +
                     more + "}}");
  };
  auto const opened = [&](entries const& more, open_options const& options = {}) {
    return open_checkpoint(folder.write("model_000001.pt", state(more)), options);
  };
  auto const sentence = [&](entries const& more, open_options const& options = {}) {
    return sentence_of([&] { static_cast<void>(opened(more, options)); }, folder.path());
  };
  CHECK(sentence({}) == "model_000001.pt: is a nanochat model, whose sizes are in meta_000001.json, which is missing");
  meta("");
  auto const plain = opened({});
  CHECK(plain.format == checkpoint_format::nanochat);
  CHECK(plain.model.window == 0);
  CHECK_FALSE(plain.model.residual_gains);
  CHECK(plain.model.logit_softcap == 15.0F);
  CHECK(plain.assumed.size() == 2);
  REQUIRE(plain.find("model.embed_tokens.weight") != nullptr);
  CHECK(plain.find("model.embed_tokens.weight")->shape == std::vector<std::int64_t>{50, 36});
  CHECK(plain.find("model.layers.0.self_attn.q_proj.weight") != nullptr);
  CHECK(opened({}, {.softcap = 20.0F}).model.logit_softcap == 20.0F);
  CHECK(opened({}, {.softcap = 20.0F}).assumed.size() == 1);
  CHECK(sentence({}, {.heads = 2}) ==
        "model_000001.pt: --heads and --activation are for GPTs, a nanochat model says its own");
  meta(R"(,"window_pattern":"sL")");
  entries const lambdas{{"resid_lambdas", vector(3)}, {"x0_lambdas", vector(3)}};
  CHECK(opened(lambdas).model.window == 513);
  CHECK(opened(lambdas).model.unwindowed.count(3) == 2);
  auto const gated = [&](int channels) {
    return entries{{"resid_lambdas", vector(3)},
                   {"transformer.h.0.attn.ve_gate.weight", matrix(1, channels)},
                   {"value_embeds.2.weight", matrix(64, 12)}};
  };
  auto const values = opened(gated(32));
  CHECK(values.model.value_gate_limit == 2.0F);
  CHECK(values.model.value_layers.count(3) == 2);
  REQUIRE(values.find("model.value_embeds.1.weight") != nullptr);
  CHECK(values.find("model.value_embeds.1.weight")->shape == std::vector<std::int64_t>{50, 12});
  CHECK(opened(gated(12)).model.window == 385);
  CHECK(opened(gated(12)).model.rope.theta == 100000.0F);
  CHECK(sentence(gated(7)) == "model_000001.pt: its value gates are [1,7], those of nanochat see 12 or 32 channels");
  entries smeared = gated(12);
  smeared.emplace_back("smear_gate.weight", matrix(1, 24));
  CHECK(opened(smeared).model.window == 257);
  CHECK(opened(smeared).model.smear_inputs == 24);
  meta(R"(,"window_pattern":"SXL")");
  CHECK(sentence({}).ends_with("field \"window_pattern\" is \"SXL\", it must be of the letters S and L"));
}

TEST_CASE("pytorch_model.bin in a folder, whole and in shards", "[torch][shards]") {
  scratch_folder const folder;
  std::vector<mapped_file> files;
  made_bytes made;
  auto const state = [](std::string const& name) {
    return torch_of(pickled_dict({{name, pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1})}}), {counting(4)});
  };
  folder.write("one.bin", state("a"));
  folder.write("two.bin", state("b"));
  folder.write("pytorch_model.bin.index.json", R"({"weight_map":{"a":"one.bin","b":"two.bin"}})");
  CHECK(read_weights_folder(folder.path(), files, made).tensors.size() == 2);
  folder.write("two.bin", state("c"));
  CHECK(sentence_of([&] { static_cast<void>(read_weights_folder(folder.path(), files, made)); }, folder.path()) ==
        "two.bin: holds c, which pytorch_model.bin.index.json does not name");
  folder.write("pytorch_model.bin", state("x"));
  CHECK(read_weights_folder(folder.path(), files, made).tensors[0].name == "x");
}

TEST_CASE("a real state_dict equals its safetensors form", "[torch][shared]") {
  CF_NEED_SHARED();
  auto const folder = shared_data() / "makemore-induction-gpt2";
  mapped_file const torch(folder / "model.pt"), safe(folder / "derived" / "model.safetensors");
  made_bytes made;
  auto const ours = read_torch_state(torch.bytes(), "model.pt", made);
  auto const theirs = read_safetensors(safe.bytes(), "model.safetensors");
  REQUIRE(ours.tensors.size() == theirs.tensors.size());
  for (std::size_t i = 0; i < ours.tensors.size(); ++i) {
    CHECK(ours.tensors[i].name == theirs.tensors[i].name);
    CHECK(ours.tensors[i].shape == theirs.tensors[i].shape);
    CHECK(std::ranges::equal(ours.tensors[i].bytes, theirs.tensors[i].bytes));
  }
  auto const opened = open_checkpoint(folder / "model.pt");
  CHECK(opened.model.heads == 1);
  CHECK_FALSE(opened.model.tied);
}
