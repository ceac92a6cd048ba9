#pragma once

#include "constformer/text/tokenizer_data.hpp"

namespace constformer::text {

/// ChatGLM2 and 3: ids behind the pieces, which no file lists and no text is read as, and two of them before every
/// text; a second text ends with EOS (tokenization_chatglm.py beside the checkpoints).
void add_chatglm_tokens(tokenizer_data& data);

/// ChatGLM-6B's ice_text.model. Its first release lists pieces of text only; masks, white space and bytes stand behind
/// them. Whether `data` is of that release.
bool is_first_chatglm(tokenizer_data const& data);

/// Adds to what ice_text.model holds what the class of ChatGLM-6B does: white space as tokens, what stands behind a
/// text, `images` ids before all pieces, and the tokens that the first release does not list.
void complete_chatglm_6b(tokenizer_data& data, int images);

}  // namespace constformer::text
