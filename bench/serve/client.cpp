// A client for servers that speak OpenAI's completions: a thread for each connection, requests one after the other,
// every event of a stream timed. It takes little of its processor where a client in Python would be the limit.
//
//   bench_serve_client --port N [--path P] [--clients 8] [--seconds 10 | --requests N] [--prompt 128] [--shared 0]
//                      [--predict 64] [--vocab 32000] [--seed 1] [--late-prompt 0] [--work embed] [--words FILE]
//                      [--temperature 0]
//
// Prompts are ids drawn at random, the same for each run; the first --shared of them are the same in all requests.
// --late-prompt N: one more client asks once, a second after the others, with a prompt of N tokens; then the gaps
// between events are counted from there until it has ended. --work embed: /v1/embeddings of 16 to 128 ids,
// or words, drawn from the lines of FILE.
// One line of JSON on standard output: rates, and quantiles in milliseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

struct options {
  int port = 8080, clients = 8, requests = 0, prompt = 128, shared = 0, predict = 64, vocab = 32000, late_prompt = 0,
      temperature = 0;
  unsigned seed = 1;
  double time = 10;
  std::string path = "/v1/completions";
  bool embed = false;
  std::vector<std::string> words{};
};

struct sample {
  clock_type::time_point when;
  double value;  // seconds
};

struct measured {
  std::vector<sample> first;  // time to first token
  std::vector<sample> gaps;   // between events
  std::vector<double> whole;  // of requests
  long requests = 0, tokens = 0, errors = 0;
};

class connection {
 public:
  explicit connection(int port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    int const one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<unsigned short>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      std::perror("connect");
      std::exit(1);
    }
  }
  ~connection() { ::close(fd_); }
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto const sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// A line without its end; empty and `gone` at the end of the connection.
  std::string line() {
    std::size_t end = 0;
    while ((end = rest_.find('\n')) == std::string::npos && more()) {}
    std::string out = rest_.substr(0, end);
    rest_.erase(0, end == std::string::npos ? rest_.size() : end + 1);
    if (out.ends_with('\r')) out.pop_back();
    return out;
  }

  void skip(std::size_t bytes) {
    while (rest_.size() < bytes && more()) {}
    rest_.erase(0, bytes);
  }

  [[nodiscard]] bool gone() const { return gone_; }

  /// Whether the server takes another request on it.
  [[nodiscard]] bool goes_on() const {
    char next = 0;
    return !gone_ && !ends && ::recv(fd_, &next, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
  }

  bool ends = false;  ///< the server has said so

 private:
  bool more() {
    char buffer[16384];
    auto const got = ::recv(fd_, buffer, sizeof buffer, 0);
    gone_ = got <= 0;
    if (!gone_) rest_.append(buffer, static_cast<std::size_t>(got));
    return !gone_;
  }

  int fd_;
  std::string rest_;
  bool gone_ = false;
};

std::string list_of(std::vector<int> const& ids) {
  std::string out = "[";
  for (int const id : ids) out += (out.size() > 1 ? "," : "") + std::to_string(id);
  return out + "]";
}

std::string text_of(std::vector<std::string> const& words, int count, std::mt19937& random) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i > 0 ? " " : "") + words[random() % words.size()];
  return out;
}

std::string body_of(options const& o, int prompt, std::mt19937& random) {
  if (!o.words.empty())
    return "{\"input\":\"" + text_of(o.words, prompt, random) + "\",\"encoding_format\":\"base64\"}";
  std::mt19937 shared(o.seed);  // the same for all
  std::vector<int> ids;
  auto const draw = [&](std::mt19937& from) {
    return 10 + static_cast<int>(from() % static_cast<unsigned>(o.vocab - 10));
  };
  for (int i = 0; i < prompt; ++i) ids.push_back(draw(i < o.shared ? shared : random));
  if (o.embed) return "{\"input\":" + list_of(ids) + ",\"encoding_format\":\"base64\"}";
  return "{\"prompt\":" + list_of(ids) + ",\"max_tokens\":" + std::to_string(o.predict) +
         ",\"seed\":1,\"temperature\":" + std::to_string(o.temperature) + ",\"ignore_eos\":true,\"stream\":true}";
}

// Reads one answer; each event that is not the last is a token. False: the server had closed the connection when the
// request came.
bool read_answer(connection& to, clock_type::time_point start, measured& m) {
  std::string const status = to.line();
  if (status.empty() && to.gone()) return false;
  std::size_t length = 0;
  for (std::string header; !(header = to.line()).empty();) {
    std::transform(header.begin(), header.end(), header.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (header == "connection: close") to.ends = true;
    if (header.starts_with("content-length: ")) length = std::stoul(header.substr(16));
  }
  bool const good = status.find(" 200") != std::string::npos;
  if (length > 0 || !good) {
    to.skip(length);
    if (good)
      m.whole.push_back(seconds(clock_type::now() - start).count());
    else
      ++m.errors;
    m.requests += good ? 1 : 0;
    return true;
  }
  clock_type::time_point last = start;
  bool begun = false;
  while (!to.gone()) {
    auto const text = to.line();
    if (text == "0") break;  // the last chunk
    if (text.find("\"choices\"") == std::string::npos || text.find("\"choices\":[]") != std::string::npos) continue;
    auto const now = clock_type::now();
    (begun ? m.gaps : m.first).push_back({now, seconds(now - last).count()});
    begun = true;
    last = now;
    ++m.tokens;
  }
  to.line();
  if (to.gone()) {
    ++m.errors;
    return true;
  }
  m.whole.push_back(seconds(clock_type::now() - start).count());
  ++m.requests;
  return true;
}

// Asks anew, over another connection, where the one from before was closed meanwhile.
void ask(std::optional<connection>& to, options const& o, std::string const& body, measured& m) {
  auto const start = clock_type::now();
  for (int tries = 0; tries < 3; ++tries) {
    if (!to || !to->goes_on()) to.emplace(o.port);
    to->send("POST " + o.path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
    if (read_answer(*to, start, m)) return;
  }
  ++m.errors;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

std::vector<double> values_of(std::vector<sample> const& samples, clock_type::time_point from,
                              clock_type::time_point to) {
  std::vector<double> out;
  for (auto const& s : samples)
    if (s.when >= from && s.when <= to) out.push_back(s.value);
  return out;
}

options read_options(int argc, char** argv) {
  options o;
  std::map<std::string, int*> const numbers{
      {"--port", &o.port},     {"--clients", &o.clients},         {"--requests", &o.requests},
      {"--prompt", &o.prompt}, {"--shared", &o.shared},           {"--predict", &o.predict},
      {"--vocab", &o.vocab},   {"--late-prompt", &o.late_prompt}, {"--temperature", &o.temperature}};
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string const name = argv[i], value = argv[i + 1];
    if (auto const found = numbers.find(name); found != numbers.end())
      *found->second = std::stoi(value);
    else if (name == "--seconds")
      o.time = std::stod(value);
    else if (name == "--seed")
      o.seed = static_cast<unsigned>(std::stoul(value));
    else if (name == "--words") {
      std::ifstream file(value);
      for (std::string word; std::getline(file, word);) o.words.push_back(word);
    } else if (name == "--path")
      o.path = value;
    else if (name == "--work" && value == "embed")
      o.embed = true;
    else {
      std::fprintf(stderr, "not understood: %s %s\n", name.c_str(), value.c_str());
      std::exit(2);
    }
  }
  if (o.embed && o.path == "/v1/completions") o.path = "/v1/embeddings";
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  options const o = read_options(argc, argv);
  std::atomic<int> left = o.requests > 0 ? o.requests : 1 << 30;
  auto const start = clock_type::now();
  auto const end = start + std::chrono::duration_cast<clock_type::duration>(seconds(o.requests > 0 ? 3600.0 : o.time));
  std::mutex mutex;
  measured all;
  auto const add = [&](measured const& m) {
    std::lock_guard const lock(mutex);
    all.first.insert(all.first.end(), m.first.begin(), m.first.end());
    all.gaps.insert(all.gaps.end(), m.gaps.begin(), m.gaps.end());
    all.whole.insert(all.whole.end(), m.whole.begin(), m.whole.end());
    all.requests += m.requests;
    all.tokens += m.tokens;
    all.errors += m.errors;
  };
  std::vector<std::thread> clients;
  for (int c = 0; c < o.clients; ++c)
    clients.emplace_back([&, c] {
      std::mt19937 random(o.seed + 1000U * static_cast<unsigned>(c + 1));
      std::optional<connection> to;
      measured m;
      while (clock_type::now() < end && left.fetch_sub(1) > 0) {
        int const prompt = o.embed ? 16 + static_cast<int>(random() % 113) : o.prompt;
        ask(to, o, body_of(o, prompt, random), m);
      }
      add(m);
    });
  auto from = start, until = clock_type::time_point::max();
  measured late;
  if (o.late_prompt > 0) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::mt19937 random(o.seed + 7);
    std::optional<connection> to;
    from = clock_type::now();
    ask(to, o, body_of(o, o.late_prompt, random), late);
    until = clock_type::now();
  }
  for (auto& c : clients) c.join();
  double const took = seconds(clock_type::now() - start).count();
  auto const first = values_of(all.first, from, until), gaps = values_of(all.gaps, from, until);
  std::printf(
      "{\"clients\":%d,\"prompt\":%d,\"shared\":%d,\"predict\":%d,\"seconds\":%.3f,\"requests\":%ld,\"tokens\":%ld,"
      "\"errors\":%ld,"
      "\"tokens_per_s\":%.1f,\"requests_per_s\":%.2f,\"ttft_ms\":{\"p50\":%.2f,\"p99\":%.2f},\"itl_ms\":{\"p50\":%.3f,"
      "\"p99\":%.3f},"
      "\"request_ms\":{\"p50\":%.2f,\"p99\":%.2f},\"late_ttft_ms\":%.2f}\n",
      o.clients, o.prompt, o.shared, o.predict, took, all.requests, all.tokens, all.errors,
      static_cast<double>(all.tokens) / took, static_cast<double>(all.requests) / took, quantile(first, 0.5) * 1e3,
      quantile(first, 0.99) * 1e3, quantile(gaps, 0.5) * 1e3, quantile(gaps, 0.99) * 1e3,
      quantile(all.whole, 0.5) * 1e3, quantile(all.whole, 0.99) * 1e3,
      late.first.empty() ? 0.0 : late.first.front().value * 1e3);
  return all.errors == 0 ? 0 : 1;
}
