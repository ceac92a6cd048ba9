#include "constformer/generate/session_checks.hpp"

#include <string>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

int within_one_and(int most, int asked, std::string const& what) {
  if (asked < 1 || asked > most)
    throw error(what + std::to_string(asked) + " is not between 1 and " + std::to_string(most));
  return asked;
}

}  // namespace

int session_checks::capacity(int asked, int compiled) {
  if (asked < 0 || asked > compiled)
    throw error("context of " + std::to_string(asked) + " tokens is not within the compiled capacity of " +
                std::to_string(compiled));
  return asked == 0 ? compiled : asked;
}

int session_checks::sequences(int asked, int most) { return within_one_and(most, asked, "sequences="); }

int session_checks::threads(int asked) {
  constexpr int most = 256;
  return within_one_and(most, asked, "threads=");
}

void session_checks::sequence(int sequence, int sequences) {
  if (sequence < 0 || sequence >= sequences)
    throw error("sequence " + std::to_string(sequence) + " is not within the " + std::to_string(sequences) +
                " of the session");
}

void session_checks::fork(std::span<int const> parents, int sequences) {
  if (parents.size() > static_cast<std::size_t>(sequences))
    throw error(std::to_string(parents.size()) + " sequences are asked for, the session holds " +
                std::to_string(sequences));
  for (int parent : parents) sequence(parent, sequences);
}

void session_checks::rewind(int position, int held) {
  if (position < 0 || position > held)
    throw error("cannot rewind to position " + std::to_string(position) + ", the cache holds " + std::to_string(held) +
                " tokens");
}

void session_checks::vocab(std::span<int const> ids, int vocab) {
  if (ids.empty()) throw error("no tokens were given");
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= vocab)
      throw error("id " + std::to_string(ids[i]) + " at place " + std::to_string(i) +
                  " is not within the vocabulary of " + std::to_string(vocab));
}

void session_checks::room(int held, std::size_t tokens, int capacity) {
  if (tokens > static_cast<std::size_t>(capacity - held))
    throw error("context of " + std::to_string(static_cast<std::size_t>(held) + tokens) +
                " tokens is above the capacity of " + std::to_string(capacity));
}

void session_checks::no_block(int blocks) {
  throw error("all " + std::to_string(blocks) + " blocks of the cache are taken by its sequences");
}

void session_checks::step(std::span<int const> ids, int sequences) {
  if (ids.size() > static_cast<std::size_t>(sequences))
    throw error(std::to_string(ids.size()) + " tokens are given, the session holds " + std::to_string(sequences) +
                " sequences");
}

void session_checks::step_needs_prefix(int held) {
  if (held == 0) throw error("a text of one token has no prefix that all tokens see");
}

}  // namespace constformer
