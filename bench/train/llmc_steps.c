// Whole training steps of GPT-2 124M by llm.c's train_gpt2.c, timed by the protocol of steps.cpp. Compile it with
// -DTESTING and -include of that file; weights are random.
//
//   llmc_steps SEQUENCES LENGTH
static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float random_weight(void) { return 0.04F * ((float)rand() / (float)RAND_MAX - 0.5F); }

int main(int count, char** words) {
  int const sequences = count > 1 ? atoi(words[1]) : 4;
  int const length = count > 2 ? atoi(words[2]) : 64;
  GPT2 model;
  memset(&model, 0, sizeof model);
  model.config.max_seq_len = 1024;
  model.config.vocab_size = 50257;
  model.config.padded_vocab_size = 50304;
  model.config.num_layers = 12;
  model.config.num_heads = 12;
  model.config.channels = 768;
  fill_in_parameter_sizes(model.param_sizes, model.config);
  for (int i = 0; i < NUM_PARAMETER_TENSORS; ++i) model.num_parameters += model.param_sizes[i];
  model.params_memory = malloc_and_point_parameters(&model.params, model.param_sizes);
  for (size_t i = 0; i < model.num_parameters; ++i) model.params_memory[i] = random_weight();
  model.mean_loss = -1.0F;
  int* const ids = malloc(2 * sizeof(int) * (size_t)(sequences * length));
  for (int i = 0; i < 2 * sequences * length; ++i) ids[i] = rand() % 50257;
  printf("%zu\n", model.num_parameters);
  fflush(stdout);
  int step = 0;
  for (int steps = 0; scanf("%d", &steps) == 1;) {
    for (int i = 0; i < steps; ++i) {
      double const start = seconds();
      gpt2_forward(&model, ids, ids + sequences * length, (size_t)sequences, (size_t)length);
      gpt2_zero_grad(&model);
      gpt2_backward(&model);
      gpt2_update(&model, 1e-4F, 0.9F, 0.95F, 1e-8F, 0.1F, ++step);
      printf("%.9f ", seconds() - start);
    }
    printf("%.6f\n", model.mean_loss);
    fflush(stdout);
  }
}
