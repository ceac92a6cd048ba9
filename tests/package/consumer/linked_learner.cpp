// Stands for the unit of a trainer, which `constformer train` writes: no library defines what it does.
#include "constformer/train/learner.hpp"

constformer::learner_unit const& constformer::linked_learner() {
  static learner_unit const none{};
  return none;
}
