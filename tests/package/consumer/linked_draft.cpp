// Stands for the unit of a draft, which `constformer build --draft` writes: no library defines what it does.
#include "constformer/generate/linked_draft.hpp"

constformer::linked_draft constformer::draft_of_program() { return {nullptr, linked_draft_weights()}; }
constformer::weights_place constformer::linked_draft_weights() { return {}; }
