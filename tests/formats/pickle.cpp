#include "checkpoint/pickle.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "support.hpp"
#include "torch_writer.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

pickle_value read(std::string const& file) { return read_pickle(bytes_of(file), "F"); }

std::string refusal(std::string const& file) {
  return sentence_of([&] { static_cast<void>(read(file)); });
}

std::string const two("\x80\x02");

}  // namespace

TEST_CASE("a pickle of containers and scalars", "[pickle]") {
  // What pickle.dumps({'a': [1, -2, 300, 70000, 2**40], 'b': (None, True, 1.5), 'c': b'\xff', 'd': {7}}, p) writes.
  std::string const file = two + "}(" + pickled("a") + "](K\x01J\xfe\xff\xff\xffM\x2c\x01" + pickled(70000) +
                           std::string("\x8a\x06\0\0\0\0\0\x01", 8) + "e" + pickled("b") + "N\x88G\x3f\xf8" +
                           std::string(6, '\0') + "\x87" + pickled("c") + "c_codecs\nencode\n" + pickled("\xc3\xbf") +
                           pickled("latin1") + "\x86R" + pickled("d") + "c__builtin__\nset\n]K\x07" + "a\x85Ru.";
  std::string const kept(file);
  pickle_value const root = read(kept);
  REQUIRE(root.size() == 4);
  pickle_value const a = *root.find("a");
  REQUIRE(a.size() == 5);
  CHECK(a[0].integer("") == 1);
  CHECK(a[1].integer("") == -2);
  CHECK(a[2].integer("") == 300);
  CHECK(a[3].integer("") == 70000);
  CHECK(a[4].integer("") == std::int64_t{1} << 40);
  CHECK((*root.find("b"))[0].kind() == pickle_kind::none);
  CHECK((*root.find("b"))[1].flag("x"));
  CHECK((*root.find("b"))[2].kind() == pickle_kind::real);
  CHECK(root.find("c")->bytes("x") == "\xff");
  CHECK(root.find("d")->kind() == pickle_kind::set);
  CHECK_FALSE(root.find("e"));
  CHECK(sentence_of([&] { static_cast<void>(root.find("d")->integer("field d")); }) ==
        "F: field d is a set, it must be a whole number");
}

TEST_CASE("protocol 4 with frames, short texts and memo", "[pickle]") {
  std::string const file =
      std::string("\x80\x04\x95\x0f\0\0\0\0\0\0\0", 11) + "}\x94(\x8c\x01k\x94]\x94" + "h\x01" + "h\x02u.";
  pickle_value const root = read(file);
  REQUIRE(root.size() == 2);
  CHECK(root.key(0).text("") == "k");
  CHECK(root.value(0).kind() == pickle_kind::list);
}

TEST_CASE("a list that holds itself, and a dict with attributes", "[pickle]") {
  pickle_value const self = read(two + "]q\x01h\x01" + "a.");
  CHECK(self[0][0][0][0].size() == 1);
  std::string const file =
      two + "ccollections\nOrderedDict\n)R(" + pickled("k") + "Ku}" + pickled("_metadata") + "}sb.";
  CHECK(refusal(file).starts_with("F: "));  // K takes the u for its value, and the mark stays open
  CHECK(
      read(two + "ccollections\nOrderedDict\n)R(" + pickled("k") + "K\x05u}" + pickled("_metadata") + "}sb.").size() ==
      1);
}

TEST_CASE("names that the caller lets through stay names", "[pickle]") {
  constexpr std::array<std::string_view, 1> allowed{"tiktoken.core Encoding"};
  std::string const file = std::string("\x80\x04\x8c\x0dtiktoken.core\x8c\x08") + "Encoding\x93)\x81}b.";
  pickle_value const root = read_pickle(bytes_of(file), "F", allowed);
  CHECK(root.kind() == pickle_kind::object);
  CHECK(root.global() == "tiktoken.core Encoding");
  CHECK(root[1].kind() == pickle_kind::dict);
  CHECK(refusal(file) ==
        "F: asks for tiktoken.core.Encoding at byte 27, only tensors, containers and scalars are read");
}

TEST_CASE("pickles that are no data are refused with one sentence", "[pickle]") {
  struct {
    std::string file;
    std::string sentence;
  } const cases[]{
      {"", "F: ends at byte 0 within the opcode at byte 0"},
      {two, "F: ends at byte 2 within the opcode at byte 2"},
      {"\x80\x01N.", "F: is a pickle of protocol 1, 2 to 5 are read"},
      {"\x80\x06N.", "F: is a pickle of protocol 6, 2 to 5 are read"},
      {two + "cos\nsystem\n" + pickled("true") + "\x85R.",
       "F: asks for os.system at byte 2, only tensors, containers and scalars are read"},
      {two + "c__builtin__\neval\n.",
       "F: asks for __builtin__.eval at byte 2, only tensors, containers and scalars are read"},
      {two + "c\x01\n\n.", "F: asks for ?. at byte 2, only tensors, containers and scalars are read"},
      {two + "c" + std::string(500, 'a'), "F: ends at byte 503 within the opcode at byte 2"},
      {"\x80\x04\x8c\x02os\x8c\x06system\x93.",
       "F: asks for os.system at byte 14, only tensors, containers and scalars are read"},
      {two + "I5\n.", "F: has opcode 73 at byte 2, which tensors, containers and scalars have no need of"},
      {two + "\xff.", "F: has opcode 255 at byte 2, which tensors, containers and scalars have no need of"},
      {two + "\x82\x05.", "F: has opcode 130 at byte 2, which tensors, containers and scalars have no need of"},
      {two + ".", "F: ends with 0 values, one is expected"},
      {two + "NN.", "F: ends with 2 values, one is expected"},
      {two + "(N.", "F: ends with 1 values, one is expected"},
      {two + "0.", "F: takes a value from an empty stack at byte 2"},
      {two + "N(0.", "F: takes a value from an empty stack at byte 4"},
      {two + "t.", "F: ends a list that was never begun at byte 2"},
      {two + "h\x05.", "F: asks for value 5, which was not kept, at byte 2"},
      {two + "j\xff\xff\xff\xff.", "F: asks for value 4294967295, which was not kept, at byte 2"},
      {two + "Nr\xff\xff\xff\x7f.", "F: numbers a value 2147483647, which is more than the file has bytes, at byte 3"},
      {two + "NN" + "a.", "F: fills None as a list at byte 4"},
      {two + "]}(NNNe.", "F: fills a dict as a list at byte 8"},
      {two + "}(NNNu.", "F: fills a dict with a key without a value at byte 7"},
      {two + "X\xff\xff\xff\x7f" + "a.", "F: ends at byte 9 within the opcode at byte 2"},
      {"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff" + std::string("a."),
       "F: ends at byte 13 within the opcode at byte 2"},
      {"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.",
       "F: announces 9223372036854775807 bytes where 2 follow, at byte 2"},
      {two + "\x8a\x09" + std::string(9, 'x') + ".",
       "F: holds a whole number of 9 bytes, at most 8 are read, at byte 2"},
      {two + "N)R.", "F: calls None at byte 4"},
      {two + "ccollections\nOrderedDict\nNR.", "F: calls a global with no tuple of arguments at byte 28"},
      {two + "ccollections\nOrderedDict\nK\x05\x85R.",
       "F: makes an OrderedDict of something other than pairs at byte 30"},
      {two + "c__builtin__\nset\nN\x85R.", "F: makes a set of something other than a list at byte 21"},
      {two + "c__builtin__\nbytes\nK\x05\x85R.", "F: makes bytes of arguments at byte 24"},
      {two + "c_codecs\nencode\n" + pickled("a") + pickled("rot13") + "\x86R.",
       "F: calls _codecs.encode for something other than bytes at byte 35"},
      {two + "c_codecs\nencode\n" + pickled("\xe2\x82\xac") + pickled("latin1") + "\x86R.",
       "F: calls _codecs.encode for a text beyond Latin-1 at byte 38"},
      {two + "]Nb.", "F: gives a state to a list at byte 4"},
      {"\x80\x04NN\x93.", "F: names a global by None at byte 4"},
  };
  for (auto const& c : cases) CHECK(refusal(c.file) == c.sentence);
}

TEST_CASE("a pickle that nests a million lists is read without recursion", "[pickle]") {
  std::string file = two;
  for (int i = 0; i < 1'000'000; ++i) file += "](";
  CHECK(refusal(file + ".").find("values, one is expected") != std::string::npos);
  std::string closed = two;
  for (int i = 0; i < 1'000'000; ++i) closed += ']';
  closed += std::string(999'999, 'a') + ".";
  CHECK(read(closed).size() == 1);
}

TEST_CASE("a pickle of more values than any checkpoint has", "[pickle]") {
  CHECK(refusal(two + std::string(5'000'000, ']') + ".") == "F: holds more than 4194304 values");
  CHECK(refusal(two + std::string(17'000'000, 'N') + ".") == "F: has more than 16777216 values on its stack");
}
