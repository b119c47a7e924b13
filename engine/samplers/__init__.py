"""Sampling (§3, last paragraph): from noise to latents, with any network.

objectives.py   what the network predicts: v or rectified flow, in terms of (alpha, sigma)
schedules.py    which noise levels are visited
solvers.py      how to get from one level to the next: generators that yield after every step
guidance.py     a network and two conditionings combined into one denoiser
noise.py        all random numbers, from one seed
"""
