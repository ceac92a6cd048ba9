#pragma once

#include <string>
#include <vector>

namespace constformer::serve {

/// Under which names /metrics counts.
enum class metric_names { ours, vllm, llama_cpp };

/// How a server listens and what it lets pass.
struct serve_options {
  std::string host = "127.0.0.1";
  int port = 8080;                      ///< 0: any that is free
  int parallel = 4;                     ///< sequences side by side
  std::vector<std::string> api_keys{};  ///< empty: everybody may
  int timeout = 30;                     ///< seconds for a client to send a request, and to take each part of an answer
  int drain = 30;                       ///< seconds that SIGTERM leaves to requests
  int connections = 1000;               ///< at once
  std::string cors{};                   ///< origin that browsers may call from; empty: none
  metric_names metrics = metric_names::ours;
  bool log_json = true;
};

}  // namespace constformer::serve
