"""The path of live sound in the audio process: input ring, mixer, output timeline; the engine at its side."""
