#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "constformer/core/text.hpp"

/// Never defined. Its template arguments, read one after the other, are the sentence that says what does not fit.
/// The sentence is cut after blanks into short chunks because Clang 19 abbreviates a longer text inside a type's name.
template <constformer::fixed_text... Sentence>
struct SHAPE_ERROR;

namespace constformer {

namespace detail {

inline constexpr std::size_t chunk_limit = 30;  // Clang 19 prints about 34 characters of a text in a type's name

struct chunk {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// Breaks after a blank, or in a long tensor name after a dot; the chunks put together are the sentence.
constexpr chunk next_chunk(std::string_view sentence, std::size_t begin) {
  if (sentence.size() - begin <= chunk_limit) return {begin, sentence.size() - begin};
  std::string_view const window = sentence.substr(begin, chunk_limit);
  std::size_t const blank = window.rfind(' ');
  std::size_t const last = blank != std::string_view::npos ? blank : window.rfind('.');
  return {begin, last == std::string_view::npos ? chunk_limit : last + 1};
}

constexpr chunk chunk_at(std::string_view sentence, std::size_t index) {
  chunk piece = next_chunk(sentence, 0);
  for (; index > 0; --index) piece = next_chunk(sentence, piece.begin + piece.size);
  return piece;
}

constexpr std::size_t count_chunks(std::string_view sentence) {
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < sentence.size(); ++count) begin += next_chunk(sentence, begin).size;
  return count;
}

template <auto const& Sentence, std::size_t Index>
constexpr auto chunk_text() {
  constexpr chunk piece = chunk_at(Sentence.view(), Index);
  fixed_text<piece.size> out;
  for (std::size_t i = 0; i < piece.size; ++i) out.chars[i] = Sentence.view()[piece.begin + i];
  // Written although it is zero already: else Clang 19 prints texts of 8 and of 16 characters as numbers.
  out.chars[piece.size] = '\0';
  return out;
}

template <auto const& Sentence, class Indices = std::make_index_sequence<count_chunks(Sentence.view())>>
struct verdict;

template <auto const& Sentence, std::size_t... Index>
struct verdict<Sentence, std::index_sequence<Index...>> {
  // The error is raised here, and `value` stays true, so that the static_assert outside adds no second error.
  using raised = char[sizeof(SHAPE_ERROR<chunk_text<Sentence, Index>()...>)];
  static constexpr bool value = true;
};

template <auto const& Sentence>
struct verdict<Sentence, std::index_sequence<>> {
  static constexpr bool value = true;
};

template <bool Holds, fixed_text Format, auto... Arguments>
struct sentence_of {
  static constexpr message value = Holds ? message{} : format_message(Format.view(), Arguments...);
};

}  // namespace detail

/// Compiles if the message at `Sentence` (static storage) is empty; otherwise the error is that sentence.
template <auto const& Sentence>
using require_empty = detail::verdict<Sentence>;

/// Compiles if `Holds`; otherwise the error is `Format` with each `{}` replaced by the next argument.
///
///     static_assert(check<heads % kv_heads == 0, "attention: heads={} is not a multiple of kv_heads={}", heads,
///                         kv_heads>::value);
template <bool Holds, fixed_text Format, auto... Arguments>
using check = require_empty<detail::sentence_of<Holds, Format, Arguments...>::value>;

}  // namespace constformer
