mod cluster_of_one;
mod leading;
mod membership;
mod recovery;
mod refusals;
mod suite;
mod three;
