#pragma once

namespace constformer {

/// How many workers of a team run, learnt from how long they wait for each other: where other processes keep the
/// machine busy, a worker that is not running keeps all the others waiting.
///
/// Of c workers that wait a share L of the time, c·(1 − L) work: fewer do as much once L is above 1/c; of many workers
/// it has to be a quarter, for phases are uneven, too. It takes a while of waiting before one is sent away, so that a
/// single interruption does not count, and every once in a while it is tried whether it can come back. A trial that
/// fails makes the next one wait in proportion to what it has lost, so that trials cost two per cent at most.
///
/// Threads that have just been woken may share a processor until the kernel moves one of them away, and the first run
/// reads pages that nobody has read: what is waited for in that time shows nothing of other processes.
class team_size {
 public:
  /// All of `most` workers, for the time being.
  explicit team_size(int most) : most_(most), size_(most) {}

  /// Workers of the next run.
  [[nodiscard]] int next() const { return size_; }

  /// Takes note of a run of `next()` workers: what it took, and how long, on average, the others waited for one that
  /// was not running.
  void ran(double seconds, double late) {
    if (most_ == 1) return;
    bool const trial = grown_ && (age_ < memory || runs_ < trial_runs);
    ++runs_;
    double const excused = age_ < settling ? 2 * (settling - age_) : 0;
    age_ += seconds;
    lost_ += late;
    fade(seconds);
    seconds_ += seconds;
    late_ += late > excused ? late - excused : 0;
    if (size_ > 1 && late_ > share() * seconds_ && late_ >= (trial ? trial_evidence : evidence))
      shrink(trial);
    else if (size_ < most_ && age_ >= pause_)
      grow();
  }

 private:
  static constexpr double memory = 0.05;  // seconds, in which what was fades to a third
  static constexpr double settling =
      0.01;  // seconds after a change whose waiting is excused; both of two may wait at once
  static constexpr double evidence = 8e-3;        // seconds of waiting that a worker is sent away for
  static constexpr double trial_evidence = 2e-3;  // the same of one that has just come back
  static constexpr int trial_runs = 3;            // that long runs are on trial for
  static constexpr double pause = 0.05;           // seconds until it comes back, at least
  static constexpr double price = 50;             // seconds until then for each that the last trial lost

  [[nodiscard]] double share() const { return size_ < 4 ? 1.0 / size_ : 0.25; }

  void fade(double seconds) {
    double const kept = memory / (memory + seconds);
    seconds_ *= kept;
    late_ *= kept;
  }

  void shrink(bool trial) {
    pause_ = trial && lost_ * price > pause ? lost_ * price : pause;
    change(size_ - 1);
    grown_ = false;
  }

  void grow() {
    change(size_ + 1);
    grown_ = true;
  }

  void change(int size) {
    size_ = size;
    age_ = seconds_ = late_ = lost_ = 0;
    runs_ = 0;
  }

  int most_;
  int size_;
  bool grown_ = false;  // the last change was to more
  double age_ = 0;      // seconds since the last change
  int runs_ = 0;        // the same in runs
  double seconds_ = 0;  // of late, fading
  double late_ = 0;     // of them
  double lost_ = 0;     // seconds of waiting since the last change
  double pause_ = pause;
};

}  // namespace constformer
