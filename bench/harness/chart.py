"""A bar for everyone who did a piece of work, as a fraction of what the machine's limit allows."""

COLOURS = {"constformer": "#1b6ca8", "llama2.c": "#8d6e63", "llama.cpp": "#e08214", "PyTorch": "#c0392b", "CTranslate2": "#5aa469"}


def bars_of(rows):
    """(label, who, fraction) of every bar, rows from the top."""
    for row in rows:
        for who, rate in row["medians"].items():
            if who != "limit":
                yield row, who, rate / row["medians"]["limit"]


def write_chart(path, rows):
    """Writes PATH (.svg or .png); without matplotlib writes nothing and returns False."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "constformer"  # the same numbers give the same file
    from matplotlib import pyplot
    bars = list(bars_of(rows))
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.22 * len(bars) + 0.1 * len(rows)))
    y, ticks, named, previous = 0.0, [], set(), None
    for row, who, fraction in bars:
        y -= 1.0 if row is previous else 1.6
        axes.barh(y, fraction, height=0.9, color=COLOURS[who], label=None if who in named else who)
        if row is not previous:
            ticks.append((y, f"{row['key']} ({row['limit']})"))
        named.add(who)
        previous = row
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_yticks([at for at, _ in ticks], [text for _, text in ticks], fontsize=7)
    axes.set_xlabel("fraction of the machine's limit, measured in the same rounds")
    axes.legend(loc="best", fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)
    pyplot.close(figure)
    return True
