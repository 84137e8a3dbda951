"""How a release behaves beside the one that serves: made from results that were kept, so that nothing is run again."""
