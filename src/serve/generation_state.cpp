#include "generation_state.hpp"

#include <algorithm>
#include <utility>

namespace constformer::serve {

sequence_state::sequence_state(request_state& of, int number, int vocab, int capacity)
    : request(&of),
      choice(number),
      chooser(of.request, number, vocab, capacity),
      top(std::max(of.request.logprobs, 0)) {
  ids.reserve(of.request.prompt.size() + static_cast<std::size_t>(of.request.max_tokens));
  ids = of.request.prompt;
  table.reserve(static_cast<std::size_t>(blocks_for(ids.capacity())));
  reads.reserve(guess_length::most + 1);
  chooser.begin(ids);
}

request_state::request_state(std::uint64_t name, generation_request what, std::shared_ptr<generation_sink> to,
                             int vocab, int capacity)
    : id(name), request(std::move(what)), sink(std::move(to)), of_prompt(std::max(request.logprobs, 0)) {
  for (int i = 0; i < request.choices; ++i)
    choices.push_back(std::make_unique<sequence_state>(*this, i, vocab, capacity));
  for (auto const& choice : choices)
    if (choice->choice > 0) choice->leader = choices.front().get();
  used.prompt_tokens = static_cast<int>(request.prompt.size());
}

}  // namespace constformer::serve
