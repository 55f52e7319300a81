"""The small multilingual encoder: recovered, cut, adapted to Darija, taught our labels, exported."""
